"""Por que um serviço verificado não está bem."""

WORDS = {
    "probes.reason.slow": "Responde, mas leva mais de {seconds} s.",
    "probes.reason.timed_out": "Sem resposta em {seconds} s.",
    "probes.reason.refused": "Não há nada escutando em {address}.",
    "probes.reason.name": "O nome {host} não corresponde a nenhum endereço.",
    "probes.reason.network": "{address} não é alcançado pela rede.",
    "probes.reason.tls": "O certificado de {address} não é confiável.",
    "probes.reason.address": "Este não é um endereço que se possa alcançar: {address}",
    "probes.reason.broken": "A conexão caiu antes de a resposta terminar.",
    "probes.reason.http": "Respondeu HTTP {status}.",
    "probes.reason.forbidden": "Recusou o pedido (HTTP {status}).",
    "probes.reason.not_found": "Outra coisa responde em {address}: não conhece esta página (HTTP 404).",
    "probes.reason.wrong_host": "O Ollama recusou o nome pelo qual foi chamado. Use localhost em KEEPAI_OLLAMA_URL ou defina OLLAMA_HOST lá.",
    "probes.reason.not_json": "Respondeu algo que não é JSON.",
    "probes.reason.not_understood": "Respondeu algo inesperado.",
    "probes.reason.unwell": "Responde que não está bem.",
    "probes.reason.password": "Recusou o nome ou a senha.",
    "probes.reason.database": "O banco de dados não conseguiu responder. O registro diz por quê.",
    "probes.reason.failed": "A própria verificação falhou. O registro diz por quê.",
}
