"""Figures that answer: `live` computes in the page, `explore` in Python. And one that asks: `predict`.

They stand on the core and on `bplib.plot`; nothing in the core knows of them.
"""
