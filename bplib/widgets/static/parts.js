// The moving parts of a tape: constants are folded into labels. An edge {from, to, arg} is one use of a number.
export const movingParts = (tape) => {
  const nodes = [];
  const edges = [];
  tape.nodes.forEach(([op, ...args], i) => {
    if (op === "const") return;
    nodes.push(i);
    if (op !== "input") {
      args.forEach((from, arg) => tape.nodes[from][0] !== "const" && edges.push({ from, to: i, arg }));
    }
  });
  return { nodes, edges };
};
