"""Arquivos."""

WORDS = {
    "files.error.large": "O arquivo pode ter até {most} MB.",
    "files.error.cut": "O envio parou no meio. Nada foi guardado.",
    "files.error.full": "Seus arquivos juntos podem ter até {most} GB. Apague algum antes.",
    "files.error.gone": "O conteúdo deste arquivo não está mais aqui.",
    "files.error.attached": "Este arquivo já faz parte de outra coisa.",
    "people.permission.files:read": "Ler os próprios arquivos e os que estão no que pode ler",
    "people.permission.files:write": "Guardar e apagar os próprios arquivos",
    "audit.group.file": "Arquivos",
    "audit.action.file.added": "Guardou um arquivo",
    "audit.action.file.deleted": "Apagou um arquivo",
}
