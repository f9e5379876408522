"""Writes WAV files: RIFF, one ``fmt`` chunk, one ``data`` chunk, and nothing else."""

from __future__ import annotations

import struct


def wav(samples: bytes, rate: int) -> bytes:
    """Return a WAV file of 8-bit unsigned samples (PCM), one channel, ``rate`` samples per second.

    The format is that of Microsoft's and IBM's "Multimedia Programming Interface and Data Specifications 1.0". A chunk
    of odd length is padded with one zero byte.
    """
    padding = b"\0" * (len(samples) % 2)
    pcm, channels, sample_bytes = 1, 1, 1
    header = struct.pack("<4sIHHIIHH", b"fmt ", 16, pcm, channels, rate, rate * sample_bytes, sample_bytes, 8)
    body = b"WAVE" + header + struct.pack("<4sI", b"data", len(samples)) + samples + padding
    return struct.pack("<4sI", b"RIFF", len(body)) + body
