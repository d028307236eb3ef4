"""Grade a class: students' code in a sandbox, checks outside it, nbgrader for everything else.

One rule carries all of it: *a student's code computes, and only ours judges*. The student's cells run in a
process of their own that holds no reference, no hidden value and no file of the course. Each check runs in
ours; where it calls the student's function, numbers and arrays cross a pipe, and the result comes back the
same way.

Read in this order: `wire` (what may cross), `student` (the other end of the pipe), `enter` and `sandbox`
(the walls), `session` (a student's process that may die), `handin` (read and order what was handed in),
`examine` (run one check), `grade` (one hand-in, one result), `source`, `course`, `gradebook`, `plugin` and
`command` (the teacher's side, with nbgrader).
"""

import sys
from pathlib import Path

# The checks are those of this clone, whichever bplib is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
