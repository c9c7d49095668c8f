#!/usr/bin/env python3
"""Lets connections to this machine's loopback interface into another network namespace.

    forward.py listen NAME... -- COMMAND...   opens a port for each name, whichever is free, and becomes the command
    forward.py up                             in the namespace: its loopback interface comes up
    forward.py serve NAME=PORT[:FOLDER]...    in the namespace: what comes to a name goes to the port there

With a folder it is a log of Rekor's second generation, which takes entries and answers 501 to whoever wants to see what it has: that
lies in files, which a web server before it gives out, as this does.

Sockets stay in the namespace in which they were made, so the command may leave it. It finds `NAME FD PORT` for each name in
FORWARD.
"""

import fcntl
import os
import re
import socket
import struct
import sys
import threading

# Above what a shell uses.
FIRST_FD = 100
# What a log shows to everyone.
SHOWN = re.compile(rb"GET /api/v2/(checkpoint|tile/[0-9a-zA-Z./]+) HTTP/1\.[01]\r\n")


def listen(names, command):
    opened = []
    for name in names:
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        # Unlike the socket's own, this descriptor outlives exec.
        fd = fcntl.fcntl(listener.fileno(), fcntl.F_DUPFD, FIRST_FD)
        opened.append(f"{name} {fd} {listener.getsockname()[1]}")
    os.environ["FORWARD"] = "\n".join(opened)
    os.execvp(command[0], command)


def up():
    with socket.socket() as any_socket:
        # SIOCSIFFLAGS with IFF_UP and IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x41))


def pump(source, to):
    try:
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        # Whoever has hung up has hung up on both.
        for end in (source, to):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def head(outside):
    """The first bytes of a request, until its headers end."""
    data = b""
    while b"\r\n\r\n" not in data and (more := outside.recv(65536)):
        data += more
    return data


def shown(folder, name):
    path = os.path.realpath(os.path.join(folder, name.decode()))
    try:
        with open(path, "rb") as file:
            body, status = file.read(), "200 OK"
    except OSError:
        body, status = b"", "404 Not Found"
    if not path.startswith(folder + "/"):
        body, status = b"", "404 Not Found"
    return f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def relay(outside, port, folder):
    with outside:
        begin = b""
        if folder:
            begin = head(outside)
            if asked := SHOWN.match(begin):
                outside.sendall(shown(folder, asked[1]))
                return
            # One request for each connection, so that the next one is looked at, too.
            begin = begin.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        try:
            inside = socket.create_connection(("127.0.0.1", port))
        except OSError:
            return
        with inside:
            for end in (outside, inside):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=pump, args=(inside, outside), daemon=True)
            back.start()
            inside.sendall(begin)
            pump(outside, inside)
            back.join()


def serve(listener, to):
    port, _, folder = to.partition(":")
    while True:
        outside, _ = listener.accept()
        threading.Thread(target=relay, args=(outside, int(port), folder), daemon=True).start()


def main():
    what, words = sys.argv[1], sys.argv[2:]
    if what == "listen":
        at = words.index("--")
        listen(words[:at], words[at + 1 :])
    elif what == "up":
        up()
    else:
        opened = (line.split() for line in os.environ["FORWARD"].splitlines())
        listeners = {name: socket.socket(fileno=int(fd)) for name, fd, _ in opened}
        threads = [threading.Thread(target=serve, args=(listeners[name], to)) for name, to in (w.split("=") for w in words)]
        for thread in threads:
            thread.start()


main()
