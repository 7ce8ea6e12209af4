"""Notas."""

WORDS = {
    "notes.error.stale": "A nota mudou enquanto isso.",
    "notes.error.trashed": "A nota está na lixeira. Tire-a de lá para escrever.",
    "notes.error.not_trashed": "Só se apaga de vez o que está na lixeira.",
    "notes.error.version": "Diga de qual versão a mudança parte.",
    "notes.error.title": "No máximo 200 letras.",
    "notes.error.body": "No máximo 300.000 letras. Divida a nota em duas.",
    "notes.error.folder": "No máximo 200 letras.",
    "notes.error.tag": "Uma etiqueta tem letras ou números, no máximo 40.",
    "notes.error.tags": "No máximo 20 etiquetas.",
    "notes.error.own": "A nota já é desta pessoa.",
    "notes.error.search_name": "Dê um nome de no máximo 60 letras.",
    "notes.error.search_taken": "Já existe uma busca com esse nome.",
    "notes.error.searches": "No máximo 30 buscas guardadas.",
}
