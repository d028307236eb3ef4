// What is drawn as wide as its element is drawn in a frame of its own: it changes heights, and a browser reports a
// layout that begins another while sizes are being told. Returns the cleanup.
export const onRoom = (element, draw) => {
  let frame = 0;
  const observer = new ResizeObserver(() => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
  });
  observer.observe(element);
  return () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
  };
};
