"""An IMAP host for very many sessions, in a process that can be killed."""

import asyncio
import socket
import subprocess
import sys
import time


async def serve_one(reader, writer):
    try:
        writer.write(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
        while True:
            line = await reader.readline()
            if not line:
                return
            tag, verb = line.split()[:2]
            if verb.upper() == b"LOGOUT":
                writer.write(b"* BYE\r\n")
            writer.write(tag + b" OK done\r\n")
    except (ConnectionError, ValueError):
        pass
    finally:
        writer.close()


async def serve(addr, port):
    server = await asyncio.start_server(serve_one, addr, port, backlog=4096)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


class MassHost:
    """Started and killed at will, always at the same address and port."""

    def __init__(self, addr="127.12.0.1", port=0):
        with socket.socket() as sock:
            sock.bind((addr, port))
            self.addr, self.port = sock.getsockname()
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, __file__, self.addr, str(self.port)],
            stdout=subprocess.PIPE, text=True,
        )
        assert self.process.stdout.readline() == "ready\n"

    def kill(self):
        """All its connections end in this moment."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None
        return time.monotonic()

    def close(self):
        if self.process is not None:
            self.kill()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *rest):
        self.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
