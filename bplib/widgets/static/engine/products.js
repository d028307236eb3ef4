// Products of matrices that lie row by row in typed arrays: the loops in which a network spends its time.
// Both add to C, and take four rows at a time: four sums that don't wait for each other, and a row of C that is
// read and written once for four products. c, a and b say where in the arrays the matrices begin.

// C (m, n) += A (m, k) B (n, k)^T: each entry is a row times a row.
export const addByRows = (C, A, B, m, n, k, c = 0, a = 0, b = 0) => {
  for (let i = 0; i < m; i++, a += k, c += n) {
    let j = 0;
    let row = b;
    for (; j + 3 < n; j += 4, row += 4 * k) {
      const row1 = row + k;
      const row2 = row1 + k;
      const row3 = row2 + k;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let p = 0; p < k; p++) {
        const x = A[a + p];
        s0 += x * B[row + p];
        s1 += x * B[row1 + p];
        s2 += x * B[row2 + p];
        s3 += x * B[row3 + p];
      }
      C[c + j] += s0;
      C[c + j + 1] += s1;
      C[c + j + 2] += s2;
      C[c + j + 3] += s3;
    }
    for (; j < n; j++, row += k) {
      let s = 0;
      for (let p = 0; p < k; p++) s += A[a + p] * B[row + p];
      C[c + j] += s;
    }
  }
};

// C (m, n) += A B with B (k, n). Entry (i, p) of A lies at i down + p across: (k, 1) for A itself, (1, m) for
// the transpose of an array of shape (k, m).
export const addByColumns = (C, A, B, m, n, k, down, across, c = 0, a = 0, b = 0) => {
  for (let i = 0; i < m; i++, a += down, c += n) {
    let p = 0;
    let row = b;
    let at = a;
    for (; p + 3 < k; p += 4, row += 4 * n, at += 4 * across) {
      const x0 = A[at];
      const x1 = A[at + across];
      const x2 = A[at + 2 * across];
      const x3 = A[at + 3 * across];
      const row1 = row + n;
      const row2 = row1 + n;
      const row3 = row2 + n;
      for (let j = 0; j < n; j++) {
        C[c + j] += x0 * B[row + j] + x1 * B[row1 + j] + x2 * B[row2 + j] + x3 * B[row3 + j];
      }
    }
    for (; p < k; p++, row += n, at += across) {
      const x = A[at];
      for (let j = 0; j < n; j++) C[c + j] += x * B[row + j];
    }
  }
};
