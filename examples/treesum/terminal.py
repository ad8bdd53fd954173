#!/usr/bin/env python3
"""terminal.py COLUMNS COMMAND...: runs it at a terminal of so many columns until
it has shown its progress ten times, then sends it SIGINT. Prints its exit
status and what the terminal shows at the end, row by row."""
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios


def screen(text, columns):
    """What is left on a terminal, which knows CR, LF, the erasing of a line,
    and that a line longer than it goes on in the next row."""
    rows, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[K|[^\x1b]|\x1b", text):
        if part == "\x1b[K":
            rows[row] = rows[row][:column]
        elif part == "\r":
            column = 0
        elif part == "\n":
            row += 1
            rows.append("")
        else:
            if column == columns:
                row, column = row + 1, 0
                rows.append("")
            rows[row] = rows[row][:column] + part + rows[row][column + 1:]
            column += 1
    return rows


def main():
    columns = int(sys.argv[1])
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("4H", 25, columns, 0, 0))
        os.execvp(sys.argv[2], sys.argv[2:])
    said = b""
    stopped = False
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux: the other side is closed
            piece = b""
        if not piece:
            break
        said += piece
        if said.count(b"\x1b[K") >= 10 and not stopped:
            stopped = True
            os.kill(pid, signal.SIGINT)
    status = os.waitpid(pid, 0)[1]
    print(os.WEXITSTATUS(status))
    for row in screen(said.decode("latin-1"), columns):
        print(repr(row))


if __name__ == "__main__":
    main()
