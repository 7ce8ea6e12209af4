"""A referência da API."""

WORDS = {
    "reference.title": "API",
    "reference.keys": "Criar uma chave",
    "reference.groups": "Grupos da API",
    "reference.signed_in": "qualquer conta",
    "reference.anybody": "qualquer pessoa",
    "reference.parameters": "Parâmetros",
    "reference.request": "Pedido",
    "reference.answer": "Resposta",
    "reference.failures": "Falhas",
}
