"""What KeepAI remembers: every table, imported here so that metadata is complete."""

from models.account import Account, RoleGrant
from models.audit import AuditCheckpoint, AuditDetail, AuditEvent
from models.compute import Compute, Worker
from models.lease import Lease
from models.link import OneTimeLink
from models.outbox import OutboxMessage
from models.probe import ProbeStatus
from models.program import ApiKey, RefreshToken, TokenFamily
from models.sample import SampleBlock, Subject
from models.session import AccountSession
from models.task_group import TaskGroupRun
from models.vault import VaultCheck
from models.worker_event import WorkerEvent

__all__ = [
    "Account",
    "AccountSession",
    "ApiKey",
    "AuditCheckpoint",
    "AuditDetail",
    "AuditEvent",
    "Compute",
    "Lease",
    "OneTimeLink",
    "OutboxMessage",
    "ProbeStatus",
    "RefreshToken",
    "RoleGrant",
    "SampleBlock",
    "Subject",
    "TaskGroupRun",
    "TokenFamily",
    "VaultCheck",
    "Worker",
    "WorkerEvent",
]
