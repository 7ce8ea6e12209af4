"""How a database knows the key with which it is written."""

from sqlmodel import Field, SQLModel


class VaultCheck(SQLModel, table=True):
    """One row: a text that everybody knows, encrypted with the installation's key."""

    __tablename__ = "vault_check"

    name: str = Field(primary_key=True, max_length=16)
    sealed: str = Field(max_length=200)
