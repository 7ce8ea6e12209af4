"""The reference of the API."""

WORDS = {
    "reference.title": "API",
    "reference.keys": "Make a key",
    "reference.groups": "Groups of the API",
    "reference.signed_in": "any account",
    "reference.anybody": "anybody",
    "reference.parameters": "Parameters",
    "reference.request": "Request",
    "reference.answer": "Answer",
    "reference.failures": "Failures",
}
