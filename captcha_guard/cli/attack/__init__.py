"""Attacks pictures with off-the-shelf reading programs, and measures how many codes they read.

An *opponent* is a reading program. A *way* is a combination of steps before it reads a picture: a turn, a cut into
pieces, a treatment of each piece, and the program's own mode. Opponents never see a code, but they may know the site's
symbols.
"""
