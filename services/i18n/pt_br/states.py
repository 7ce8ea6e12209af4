"""The word of each state, the same on every page."""

WORDS = {
    "states.ok": "No ar",
    "states.warning": "Aviso",
    "states.critical": "Crítico",
    "states.unknown": "Desconhecido",
    "states.not_configured": "Não configurado",
    "states.paused": "Pausado",
    "states.info": "Informação",
    "states.pending": "Pendente",
    "states.running": "Executando",
    "states.retiring": "Saindo",
    "states.lost": "Perdido",
    "states.restarted": "Reiniciado",
}
