"""Uma pessoa da equipe."""

WORDS = {
    "person.title": "Acessos e chaves",
    "person.everybody": "Toda a equipe",
    "person.nobody": "Ninguém da equipe",
    "person.nobody_text": "O endereço não é o de ninguém que esteja aqui.",
    "person.sign_ins.caption": "onde a pessoa está conectada",
    "person.no_sign_ins": "Em lugar nenhum",
    "person.no_sign_ins_text": "A pessoa não está conectada em navegador nem em programa.",
    "person.end_all": "Encerrar todas",
    "person.end_all.title": "Encerrar todas as sessões de {name}?",
    "person.end_all.text": "Os navegadores dela vão agora para a página de entrada, e os programas que entraram com a senha param. As chaves continuam valendo.",
    "person.ended.one": "{count} sessão encerrada",
    "person.ended.other": "{count} sessões encerradas",
    "person.no_keys": "Nenhuma chave",
    "person.no_keys_text": "Nenhum programa usa a API em nome da pessoa.",
    "person.revoke_all": "Revogar todas",
    "person.revoke_all.title": "Revogar todas as chaves de {name}?",
    "person.revoke_all.text": "Os programas que as usam deixam de ser atendidos em até 5 segundos. Não dá para desfazer.",
    "person.revoked.one": "{count} chave revogada",
    "person.revoked.other": "{count} chaves revogadas",
}
