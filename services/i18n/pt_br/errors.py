"""What is said when something cannot be done."""

WORDS = {
    "errors.unexpected": "Algo falhou aqui. Tente de novo; se continuar, mande o número do pedido a quem administra.",
    "errors.invalid": "Algo no que foi enviado não serve.",
    "errors.not_found": "Isso não existe, ou não é para a sua conta.",
    "errors.forbidden": "Seu papel não permite isso. Um administrador pode liberar.",
    "errors.forbidden_role": "Seu papel ({role}) não permite isso. Um administrador pode liberar.",
    "errors.conflict": "Isso mudou enquanto você olhava. Recarregue e tente de novo.",
    "errors.upstream": "O serviço de fora não respondeu como devia. Tente de novo em instantes.",
    "errors.database": "O banco de dados não responde. Nada se perdeu; tente de novo em instantes.",
    "errors.arguments": "O pedido veio com valores que não servem.",
    "errors.email": "Este endereço de e-mail não está completo.",
    "errors.email_taken": "Já existe uma conta com este e-mail.",
    "errors.no_such_account": "Não há conta com este e-mail.",
    "errors.not_signed_in": "Entre para continuar.",
    "errors.must_change_password": "Troque a senha antes de continuar.",
    "errors.wrong_host": "O KeepAI não atende por este nome.",
    "errors.foreign_origin": "Este pedido veio de outro site e foi recusado.",
    "errors.too_large": "O que foi enviado é grande demais.",
    "errors.too_many": "Foram pedidos demais em pouco tempo. Espere um minuto.",
    "errors.no_such_address": "Este endereço não existe na API.",
    "errors.metrics_token": "As métricas pedem o token de KEEPAI_METRICS_TOKEN, ou um pedido feito nesta máquina.",
    "errors.unknown_fields": "Não há: {names}.",
    "errors.field.missing": "Falta este valor.",
    "errors.field.number": "Precisa ser um número.",
    "errors.field.choice": "Precisa ser um dos valores aceitos.",
    "errors.field.range": "Está fora dos limites aceitos.",
    "errors.field.long": "É longo demais.",
    "errors.field.moment": "Precisa ser um momento, como 2026-01-31T12:00:00Z ou segundos desde 1970.",
    "errors.field.wrong": "Este valor não serve.",
    "errors.page.back": "Ir para o painel",
    "errors.page.reload": "Recarregar",
    "errors.page.not_found.title": "Página não encontrada",
    "errors.page.not_found.text": "Não há nada neste endereço. O link pode ser antigo ou estar incompleto.",
    "errors.page.forbidden.title": "Acesso recusado",
    "errors.page.forbidden.text": "Este pedido não pôde ser aceito. Abra a página de novo pelo painel.",
    "errors.page.failed.title": "Algo falhou aqui",
    "errors.page.failed.text": (
        "O erro foi registrado, e o que estava salvo continua salvo. Tente de novo; se continuar, mande o número "
        "abaixo a quem administra."
    ),
    "errors.page.database.title": "O banco de dados não responde",
    "errors.page.database.text": "O que estava salvo continua salvo. Tente de novo em instantes.",
    "errors.page.wrong_host.title": "Este endereço não é o desta instalação",
    "errors.page.wrong_host.text": (
        "O KeepAI só atende em localhost e no endereço de KEEPAI_PUBLIC_URL. Para usar {host}, quem administra "
        "define KEEPAI_PUBLIC_URL com ele e reinicia."
    ),
    "errors.page.too_large.title": "Grande demais",
    "errors.page.too_large.text": "O que foi enviado passa do tamanho aceito. Nada foi guardado.",
    "errors.page.new_version.title": "Há uma versão nova",
    "errors.page.new_version.text": "O KeepAI foi atualizado enquanto esta página estava aberta. Recarregue para continuar.",
}
