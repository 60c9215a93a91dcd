#!/usr/bin/env python3
"""Hard times for `pix2vox serve`, on the loopback interface: serve_stress.py PROGRAM WEIGHTS PICTURE

  1. 1,000 clients at once ask for predictions: each gets 200 or 503, none is lost;
  2. 1,000 malformed requests: each gets a status of 400 or more or a closed connection, soon;
  3. clients that send nothing, or a byte now and then, beside others that are served all the while;
  4. uploads that are too large, pretend lengths, bombs of pixels, files that are no pictures;
  5. names and origins that are not the server's.

Memory (VmHWM) and open files are looked at after each, and a prediction must give the same bytes as before.
"""
import json
import os
import pathlib
import random
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections import Counter

program, weights, picture = sys.argv[1:4]
image = pathlib.Path(picture).read_bytes()
failures = []


def check(holds, what):
    print(("ok      " if holds else "FAILED  ") + what, flush=True)
    if not holds:
        failures.append(what)


server = subprocess.Popen([program, "serve", "--weights", weights, "--port", "0", "--threads", "2"],
                          stdout=subprocess.PIPE, text=True)
address = server.stdout.readline().strip()
port = int(address.rstrip("/").rsplit(":", 1)[1])
host = f"127.0.0.1:{port}"


def status_file(key):
    for line in open(f"/proc/{server.pid}/status"):
        if line.startswith(key + ":"):
            return int(line.split()[1])


def memory():
    return f"peak memory {status_file('VmHWM') / 1024:.0f} MiB, {len(os.listdir(f'/proc/{server.pid}/fd'))} open files"


def request(body, path="/api/v1/predict", method="POST", headers=(), close=True):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", *headers]
    if close:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def talk(data, seconds=120, whole=True):
    """The answer's status (0: none) and body."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
            connection.settimeout(seconds)
            try:
                connection.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass
            answer = b""
            while True:
                try:
                    piece = connection.recv(1 << 16)
                except ConnectionResetError:
                    break
                if not piece:
                    break
                answer += piece
    except (TimeoutError, socket.timeout):
        return -1, b""
    if not answer.startswith(b"HTTP/1.1 "):
        return 0, answer
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def many(count, work):
    """Runs work(i) for all i at once, each in a thread; what each gave."""
    results = [None] * count

    def run(i):
        results[i] = work(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def volume():
    status, body = talk(request(image))
    return (status, json.loads(body)["volume"] if status == 200 else body[:200])


threading.stack_size(256 << 10)
first = time.monotonic()
reference = volume()
check(reference[0] == 200, f"a prediction: {reference[0]}, {time.monotonic() - first:.2f} s")
times = []
for _ in range(5):
    start = time.monotonic()
    check(volume() == reference, "the same again")
    times.append(time.monotonic() - start)
print(f"        a prediction takes {min(times):.2f} to {max(times):.2f} s from picture to shape")
print("        " + memory())

start = time.monotonic()
statuses = Counter(status for status, _ in many(1000, lambda i: talk(request(image), 300)))
check(set(statuses) <= {200, 503} and sum(statuses.values()) == 1000 and statuses[200] > 0,
      f"1,000 at once, none lost: {dict(statuses)} in {time.monotonic() - start:.1f} s")
print("        " + memory())

random.seed(1)
good = request(image[:2000])


def malformed(i):
    kind = i % 10
    if kind == 0:
        data = random.randbytes(random.randint(1, 4000)) + b"\r\n\r\n"
    elif kind == 1:
        data = b"POST /api/v1/predict HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5000 + b"\r\n"
    elif kind == 2:
        data = b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n"
    elif kind == 3:
        data = request(b"", headers=["Content-Length: 99999999999999999999"])
    elif kind == 4:
        data = request(b"5\r\nhello\r\n0\r\n\r\n", headers=["Transfer-Encoding: chunked"])
    elif kind == 5:
        data = request(b"--XX\r\n" * 3000, headers=["Content-Type: multipart/form-data; boundary=XX"])
    elif kind == 6:
        data = request(b"\x89PNG\r\n\x1a\n" + random.randbytes(500))
    elif kind == 7:
        data = request(random.randbytes(777), path="/api/v1/export?format=stl&threshold=nan")
    elif kind == 8:
        flipped = bytearray(good)
        for _ in range(8):
            flipped[random.randrange(120)] ^= 1 << random.randrange(8)
        data = bytes(flipped)
    else:
        data = request(b"", path="/../../../../etc/passwd%00", method="GET")
    with_end = talk(data, 60)
    return with_end[0]


start = time.monotonic()
statuses = Counter(many(1000, malformed))
lost = statuses.pop(-1, 0)
check(lost == 0 and all(status == 0 or status >= 400 for status in statuses),
      f"1,000 malformed: {dict(statuses)}, {lost} without an end, in {time.monotonic() - start:.1f} s")
print("        " + memory())

silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
ending = threading.Event()


def trickle():
    at = 0
    while not ending.wait(0.2):
        for connection in slow:
            try:
                connection.send(request(image)[at:at + 1])
            except OSError:
                pass
        at += 1


trickler = threading.Thread(target=trickle)
trickler.start()
start = time.monotonic()
served = [volume() == reference for _ in range(5)]
check(all(served), f"served beside 100 silent and 100 slow clients: 5 in {time.monotonic() - start:.1f} s")
time.sleep(34)
ending.set()
trickler.join()
ended = 0
for connection in silent + slow:
    connection.settimeout(1)
    try:
        while connection.recv(4096):
            pass
        ended += 1
    except OSError as error:
        ended += isinstance(error, ConnectionResetError)
    connection.close()
check(ended == 200, f"silent and slow clients are let go: {ended} of 200 after 34 s")
print("        " + memory())


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" * ((width * 3 + 1) * height), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", rows) + chunk(b"IEND", b"")


check(talk(request(b"x" * (33 << 20)))[0] == 413, "33 MiB are too much")
check(talk(request(png(9000, 20)))[0] == 415, "a picture of 9,000 pixels per row")
bomb = png(8000, 8000)
print(f"        a picture of 64 million pixels has {len(bomb)} bytes")
check(talk(request(png(8000, 8100)))[0] in (200, 413, 415, 422), "64.8 million pixels")
statuses = Counter(status for status, _ in many(40, lambda i: talk(request(bomb), 600)))
check(set(statuses) <= {200, 422, 503}, f"40 pictures of 64 million pixels at once: {dict(statuses)}")
print("        " + memory())
form = b"".join(b"--XX\r\nContent-Disposition: form-data; name=v; filename=a\r\n\r\n" + image + b"\r\n" for _ in range(9))
status, body = talk(request(form + b"--XX--\r\n", headers=["Content-Type: multipart/form-data; boundary=XX"]))
check(status == 400 and b"at most 8" in body, "nine views are too many")
fifty = Counter(status for status, _ in many(50, lambda i: talk(request(bytes(16 << 20)), 300)))
check(set(fifty) <= {415, 503}, f"50 uploads of 16 MiB at once: {dict(fifty)}")
print("        " + memory())


def with_host(name, *headers, method="GET", path="/api/v1/model"):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {name}", "Content-Length: 0", "Connection: close", *headers]
    return talk("\r\n".join(lines).encode() + b"\r\n\r\n")[0]


check(with_host(host) == 200 and with_host(f"localhost:{port}") == 200, "its own names")
check(with_host("evil.example") == 421 and with_host(f"evil.example:{port}") == 421 and with_host("") == 421,
      "foreign names are refused")
check(with_host(host, f"Origin: http://{host}", method="POST", path="/api/v1/predict") == 400, "its own page may post")
check(with_host(host, "Origin: http://evil.example", method="POST", path="/api/v1/predict") == 403 and
      with_host(host, "Origin: null", method="POST", path="/api/v1/predict") == 403, "other pages may not")
check(with_host(host, "Sec-Fetch-Site: cross-site", method="POST", path="/api/v1/predict") == 403, "nor without Origin")

check(volume() == reference, "and still the same shape for the same picture")
print("        " + memory())
peak = status_file("VmHWM") / 1024
check(peak < 2048, f"bounded memory: {peak:.0f} MiB at most")
check(len(os.listdir(f"/proc/{server.pid}/fd")) < 40, "no open files left behind")
server.terminate()
code = server.wait(30)
check(code == 143, f"SIGTERM ends it: {code}")
print(f"{len(failures)} failed")
sys.exit(bool(failures))
