"""The checks of the exercises, one module for each chapter.

Each is data for `bplib.checks.Check`: what is right, cases, and the mistakes that people make. A student who
opens one finds how an answer is measured; where the answer is a gradient, no formula for it is here. In the
wheel that students install (`make wheel`) they are plain data, made by `bplib.exercises.sealed`.
"""
