"""Zstandard by the library that the program links; gzip is in Python itself."""

import ctypes
import ctypes.util
import struct


def zstd_frame(data, level=3):
    library = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
    library.ZSTD_compressBound.restype = library.ZSTD_compress.restype = ctypes.c_size_t
    library.ZSTD_compressBound.argtypes = [ctypes.c_size_t]
    library.ZSTD_compress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
    room = library.ZSTD_compressBound(len(data))
    out = ctypes.create_string_buffer(room)
    size = library.ZSTD_compress(out, room, data, len(data), level)
    return out.raw[:size]


def skippable_frame(data, number=0):
    return struct.pack("<II", 0x184D2A50 + number, len(data)) + data
