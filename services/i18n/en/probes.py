"""Why a probe is not well."""

WORDS = {
    "probes.reason.slow": "It answers, but takes longer than {seconds} s.",
    "probes.reason.timed_out": "No answer within {seconds} s.",
    "probes.reason.refused": "Nothing listens at {address}.",
    "probes.reason.name": "The name {host} does not resolve to an address.",
    "probes.reason.network": "{address} cannot be reached over the network.",
    "probes.reason.tls": "The certificate of {address} is not trusted.",
    "probes.reason.address": "This is not an address that can be reached: {address}",
    "probes.reason.broken": "The connection broke off before the answer was complete.",
    "probes.reason.http": "It answered HTTP {status}.",
    "probes.reason.forbidden": "It refused the request (HTTP {status}).",
    "probes.reason.not_found": "Something else answers at {address}: it does not know this page (HTTP 404).",
    "probes.reason.wrong_host": "Ollama refused the host name it was called by. Use localhost in KEEPAI_OLLAMA_URL, or set OLLAMA_HOST there.",
    "probes.reason.not_json": "It answered with something other than JSON.",
    "probes.reason.not_understood": "It answered with something unexpected.",
    "probes.reason.unwell": "It answers that it is not well.",
    "probes.reason.password": "It refused the name or the password.",
    "probes.reason.database": "The database could not answer. The log says why.",
    "probes.reason.failed": "The check itself failed. The log says why.",
}
