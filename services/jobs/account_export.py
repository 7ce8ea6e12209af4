"""Everything that KeepAI keeps of a person, as one archive: account.json, and the files of theirs."""

import asyncio
import json
import zipfile
from datetime import timedelta
from typing import IO, cast

from models import StoredFile
from services import audit, db, files, vault
from services.clock import now
from services.files import Content, Writer
from services.identity import people
from services.jobs.context import Context
from services.jobs.kinds import Result
from services.settings import Settings

KEPT = timedelta(days=7)
OWN = "job"  # what the file is attached to: an export does not hold earlier exports


class AccountExport:
    """Reads all there is, and writes it encrypted at rest into a file that goes by itself after a week."""

    cancellable = True

    async def run(self, context: Context) -> Result:
        """Nothing is stored on the way: whoever begins it again begins a new archive."""
        settings, owner = context.settings, context.account_id
        await context.progress(0, 0, "jobs.step.export.reading")
        taken = await db.read(people.export, settings, owner, now())
        own = [one for one in await db.read(files.listed, owner) if one.object_kind != OWN]
        total = len(own) + 1
        name = f"keepai-{now():%Y-%m-%d}.zip"
        box = vault.of(settings)
        writer = await asyncio.to_thread(Writer, settings, owner, name, most=None, box=box)
        try:
            archive = zipfile.ZipFile(cast(IO[bytes], writer), "w", zipfile.ZIP_DEFLATED)
            text = await asyncio.to_thread(json.dumps, taken, ensure_ascii=False, indent=1, default=str)
            await asyncio.to_thread(archive.writestr, "account.json", text)
            for number, file in enumerate(own, 1):
                await context.progress(number, total, "jobs.step.export.files", number=number, of=len(own))
                await asyncio.to_thread(_put, archive, settings, file)
            content = await asyncio.to_thread(_close, archive, writer)
        except BaseException:
            await asyncio.shield(asyncio.to_thread(writer.abandon))
            raise
        expires_at = now() + KEPT
        made = await db.write(
            files.add,
            now(),
            owner,
            content,
            by=context.by,
            object_kind=OWN,
            object_id=context.id,
            expires_at=expires_at,
            within=None,
        )
        await db.write(
            audit.record,
            now(),
            context.by,
            "account.exported",
            object_kind="account",
            object_id=owner.hex,
        )
        href = f"/api/v1/files/{made.id.hex}"
        return Result(
            "jobs.result.export", {"days": KEPT.days}, href=href, download=True, until=expires_at.timestamp()
        )


def _put(archive: zipfile.ZipFile, settings: Settings, file: StoredFile) -> None:
    """One file under a name that no other has."""
    with archive.open(f"files/{file.id.hex[-8:]}-{file.name}", "w", force_zip64=True) as into:
        for piece in files.chunks(settings, file):
            into.write(piece)


def _close(archive: zipfile.ZipFile, writer: Writer) -> Content:
    archive.close()
    return writer.finish()
