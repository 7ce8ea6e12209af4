"""A process that hands calls to a Dask cluster and brings back what came of them: `python -m services.compute.remote`.

It uses Dask's own client, which may unpickle what it is sent and takes as much memory as the rest of KeepAI: neither is
wanted in the process that has the database (docs/decisions/0010-wire.md). Orders come by stdin, answers go out by
stdout, both as msgpack maps, each after its length (services/compute/hands.py). When stdin ends, so does it; the
scheduler then lets go of all that was asked for.

It imports nothing of KeepAI, and a worker needs nothing but Dask.
"""

import asyncio
import concurrent.futures
import os
import struct
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO

import msgpack

LENGTH = struct.Struct(">I")
CONNECT_WITHIN = 10.0  # s


def perform(call: bytes) -> bytes:
    """Runs on a worker: call what was pickled, and answer in a form that is safe to read."""
    import pickle

    import msgpack

    try:
        fn, args, kwargs = pickle.loads(call)  # noqa: S301 (it comes from us)
        return bytes(msgpack.packb({"value": fn(*args, **kwargs)}))
    except Exception as error:  # whatever it is, it is told and not sent as an object
        return bytes(msgpack.packb({"failed": f"{type(error).__name__}: {error}"[:500]}))


class Remote:
    """One connection to a scheduler and the calls that are under way there."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._client: Any = None
        self._calls: dict[int, asyncio.Task[None]] = {}

    async def serve(self, orders: asyncio.StreamReader) -> None:
        """Do what comes until nothing comes any more."""
        while True:
            try:
                (length,) = LENGTH.unpack(await orders.readexactly(LENGTH.size))
                order = msgpack.unpackb(await orders.readexactly(length))
            except asyncio.IncompleteReadError:
                return
            if "address" in order:
                await self._connect(order)
            elif "cancel" in order:
                if task := self._calls.get(order["cancel"]):
                    task.cancel()
            else:
                self._calls[order["id"]] = asyncio.create_task(self._call(order["id"], order))

    async def _connect(self, order: Mapping[str, Any]) -> None:
        from distributed import Client
        from distributed.security import Security

        security = None
        if order["address"].startswith("tls://"):
            security = Security(
                require_encryption=True,
                tls_ca_file=order["ca"],
                tls_client_cert=order["cert"],
                tls_client_key=order["key"],
            )
        try:
            self._client = await Client(
                order["address"],
                security=security,
                asynchronous=True,
                set_as_default=False,
                timeout=CONNECT_WITHIN,
                serializers=["dask", "pickle"],
                # What a worker answers are bytes (`perform`): nothing that comes back needs to be unpickled.
                deserializers=["dask", "msgpack", "error"],
            )
        except (OSError, TimeoutError, ValueError) as error:
            self._say({"away": str(error)[:300]})
            return
        self._say({"ready": True})

    async def _call(self, number: int, order: Mapping[str, Any]) -> None:
        future = self._client.submit(perform, order["call"], key=order["key"], pure=False)
        try:
            self._say({"id": number, **msgpack.unpackb(await future.result())})
        except (asyncio.CancelledError, concurrent.futures.CancelledError):
            # Ours when the task on the scheduler still stands; otherwise it is the scheduler that has lost it.
            if future.status == "pending":
                await future.cancel(force=True)
            else:
                self._say({"id": number, "gone": str(future.status)})
        except Exception as error:  # of the cluster: what the function raises comes as an answer
            self._say({"id": number, "gone": f"{type(error).__name__}: {error}"[:300]})
        finally:
            self._calls.pop(number, None)

    def _say(self, answer: Mapping[str, Any]) -> None:
        packed = msgpack.packb(answer)
        self._out.write(LENGTH.pack(len(packed)) + packed)
        self._out.flush()


async def main() -> None:
    """Serve stdin. What libraries print goes to stderr, since stdout is for answers."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    orders = asyncio.StreamReader(limit=2**26)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    await Remote(out).serve(orders)
    os._exit(0)  # nothing here needs to be put in order, and the scheduler sees that we are gone


if __name__ == "__main__":
    asyncio.run(main())
