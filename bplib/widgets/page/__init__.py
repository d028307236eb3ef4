"""What runs only in the reader's page: a kernel, and stand-ins for what isn't there.

The page's worker imports `kernel` and starts it; nothing else of bplib knows of this folder.
"""
