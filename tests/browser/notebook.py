"""Notes of a team of some days: shared, in folders, with a history, one in the trash, one in two versions."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, select

from models import Account, Note
from services.audit import Actor
from services.clock import now
from services.notes import book, lists
from services.notes.book import Draft, Text
from services.sharing import Given, Reader
from tests.browser.house import LOCALES, House

RUNBOOK = """Para quem estiver de plantão. Primeiro veja se o trabalho andou, depois procure a causa.

## 1. Confira o que se perdeu

- [x] As tarefas voltaram para a fila
- [x] Nenhum grupo parado há mais de 5 min
- [ ] O disco do host não está cheio

## 2. Procure a causa

Se todos os workers do host somem juntos, o problema é do host. No rack 2 foi a fonte nas três últimas vezes, veja
[[Energia do rack 2]].

```bash
journalctl -u dask-worker --since "10 min ago"
```

| Host | Memória | Última troca |
| --- | ---: | --- |
| aroeira-1 | 64 GiB | 3 de novembro |
| jatoba-1 | 128 GiB | 12 de agosto |

> Antes de reiniciar à distância, veja se há alguém no local.

A reserva é de $\\frac{m_{livre}}{m_{total}} \\geq 0{,}2$. ![Foto do rack](https://photos.example.org/rack-2.jpg)
"""
NOTES = (
    ("Quando um worker some", RUNBOOK, "Operação/Plantão", ("operação", "runbook")),
    ("Energia do rack 2", "Fonte A trocada em 3 nov. A fonte B é a original, de 2021: pedir duas.", "Operação", ()),
    ("Reunião de operação, 16 nov", "Camila apresenta o plano de energia; decidir quem fica de plantão no feriado. "
     "Veja [[Energia do rack 2]].", "Reuniões", ()),
    ("Contrato do prédio", "Cláusula 7: falta de energia avisada com 48 h, fora isso vale o gerador.", "", ("prédio",)),
    ("Custos de outubro", "GPU 41 %, energia 18 %, provedores de IA 23 %, o resto armazenamento.", "Custos", ()),
    ("Lista de contatos", "- Eletricista de plantão\n- Portaria do prédio\n- Companhia de energia", "", ("contatos",)),
)  # fmt: skip
TWICE = "Escala de plantão"


def write(house: House) -> None:
    """Both who look at the pages own the same notes, and share theirs with the team."""
    for locale in LOCALES:
        admin, other = house.person("admin", locale), house.person("operator")
        if not house.ask(_ids_of, admin.id):
            house.ask(_write, admin, other)


def ids(house: House, locale: str) -> dict[str, str]:
    """The notes of whoever looks at the pages in that language."""
    return house.ask(_ids_of, house.person("admin", locale).id)


def _ids_of(db: Session, account_id: UUID) -> dict[str, str]:
    notes = {one.title: one.id.hex for one in db.exec(select(Note).where(Note.owner_id == account_id))}
    if not notes:
        return {}
    names = {"note": "Quando um worker some", "twice": TWICE, "trash": "Rascunho antigo", "long": "Diário"}
    return {name: notes[title] for name, title in names.items()}


def _write(db: Session, admin: Account, other: Account) -> None:
    by, they = Actor("person", admin.id, admin.name), Actor("person", other.id, other.name)
    reader, second = Reader(admin.id, "admin"), Reader(other.id, "operator")
    at = now() - timedelta(days=3)
    everybody = [Given("write", role="*")]
    for number, (title, body, folder, tags) in enumerate(NOTES):
        made = at + timedelta(hours=9 * number)
        note = book.create(db, reader, Draft(title, body[: len(body) // 2], folder, tags), by, made)
        book.save(db, reader, note.id, Text(note.version, body=body), by, made + timedelta(minutes=20))
        if number < 2:
            book.share(db, reader, note.id, everybody, by, made)
            book.save(
                db,
                second,
                note.id,
                Text(note.version, body=f"{body}\nVisto."),
                they,
                made + timedelta(hours=2),
            )
    first = lists.find(db, reader, lists.Query(text=NOTES[0][0]), now(), limit=1)[0].note
    book.pin(db, reader, first.id, True, now())
    twice = book.create(db, reader, Draft(TWICE, "Segunda: Camila\nTerça: Rafael\n"), by, at)
    book.share(db, reader, twice.id, everybody, by, at)
    book.save(db, second, twice.id, Text(1, body="Segunda: Camila\nTerça: Marina\n"), they, now())
    book.keep_conflict(db, reader, twice.id, Text(1, body="Segunda: Rafael\nTerça: Rafael\n"), by, now())
    old = book.create(db, reader, Draft("Rascunho antigo", "Nada que valha guardar."), by, at)
    book.trash(db, reader, old.id, by, now())
    long = "\n\n".join(f"## Dia {day}\n\nNada de novo em {'aroeira-' * 12}{day}." for day in range(1, 60))
    book.create(
        db, reader, Draft("Diário", long, "Operação/Plantão/" + "Subpasta comprida/" * 4, ["x" * 40]), by, at
    )
