"""The other end of the cable, for tests of the live sensor: sends the frames of a capture, or tells what arrives.

wire.py send INTERFACE FILE.pcap [FRAMES_PER_SECOND]   prints how many were sent
wire.py heard INTERFACE                                until its standard input is closed, then prints each frame that arrived, in hex
"""

import socket
import struct
import sys
import time


def frames(path):
    data = open(path, "rb").read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack(order + "I", data[at + 8 : at + 12])[0]
        yield data[at + 16 : at + 16 + length]
        at += 16 + length


def send(interface, path, per_second=0):
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((interface, 0))
    began, count = time.monotonic(), 0
    for frame in frames(path):
        if per_second and count / per_second > time.monotonic() - began:
            time.sleep(max(0, count / per_second - (time.monotonic() - began)))
        out.send(frame)
        count += 1
    print(count)


def heard(interface):
    everything = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    everything.bind((interface, 0))
    print("listening", flush=True)
    sys.stdin.read()
    everything.setblocking(False)
    while True:
        try:
            frame, address = everything.recvfrom(65536)
        except BlockingIOError:
            return
        if address[2] != socket.PACKET_OUTGOING:
            print(frame.hex())


if sys.argv[1] == "send":
    send(sys.argv[2], sys.argv[3], *map(float, sys.argv[4:]))
else:
    heard(sys.argv[2])
