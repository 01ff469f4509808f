"""The HTTPS transport of a session: azure-core's pipeline over requests, tuned for many short reads at once."""
from __future__ import annotations

import logging
import ssl
import threading
from pathlib import Path
from typing import Any

from azure.core.pipeline import Pipeline
from azure.core.pipeline.policies import HeadersPolicy, RequestIdPolicy, RetryPolicy, UserAgentPolicy
from azure.core.pipeline.transport import RequestsTransport
from requests import Session
from requests.adapters import HTTPAdapter
from requests.certs import where as bundled_certificates
from urllib3.util.ssl_ import create_urllib3_context

from azext_mltrouble.cloud.errors import without_queries

#: Seconds; a server that asks for more is tried again after this anyway.
_LONGEST_RETRY_AFTER = 8.0
_CONNECTIONS_PER_HOST = 16


def open_pipeline(headers: dict[str, str], user_agent: str, verify: bool, timeout: float) -> Any:
    """A pipeline that any number of threads may send through.

    Tries again after connection errors, timeouts, 408, 429 and 5xx, but not for long: a doctor that is told three times
    that a service is down reports that. ``timeout`` is in seconds and holds for a request with its repetitions.
    """
    session = Session()
    adapter = _SharedTlsAdapter(pool_connections=_CONNECTIONS_PER_HOST, pool_maxsize=_CONNECTIONS_PER_HOST)
    session.mount("https://", adapter)
    _keep_queries_out_of_debug_logs()
    transport = RequestsTransport(
        session=session,
        connection_timeout=min(10.0, timeout),
        read_timeout=timeout / 3,
        connection_verify=verify,
        connection_data_block_size=64 * 1024,
    )
    retries = _BoundedRetries(
        retry_total=3, retry_connect=2, retry_read=2, retry_status=2, retry_backoff_factor=0.5, retry_backoff_max=4
    )
    policies = [RequestIdPolicy(), HeadersPolicy(headers), UserAgentPolicy(user_agent), retries]
    return Pipeline(transport, policies)


class _BoundedRetries(RetryPolicy):  # type: ignore[misc]
    def get_retry_after(self, response: Any) -> float | None:
        """The seconds that the server asks to wait, up to a bound."""
        seconds = super().get_retry_after(response)
        return seconds if seconds is None else min(seconds, _LONGEST_RETRY_AFTER)


class _SharedTlsAdapter(HTTPAdapter):  # type: ignore[misc]
    """Loads the certificates once per session; requests would parse the whole bundle again for each connection."""

    def __init__(self, **options: Any) -> None:
        self._contexts: dict[Any, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        super().__init__(**options)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """requests >= 2.32 asks this for the TLS settings of a connection."""
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        tls = {"cert_reqs": "CERT_REQUIRED" if verify else "CERT_NONE", "ssl_context": self._context(verify)}
        return host, tls

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing is left to do for connections that carry their context."""
        if conn.conn_kw.get("ssl_context") is None:
            super().cert_verify(conn, url, verify, cert)

    def _context(self, verify: Any) -> ssl.SSLContext:
        with self._lock:
            if verify not in self._contexts:
                self._contexts[verify] = _tls_context(verify)
            return self._contexts[verify]


def _tls_context(verify: bool | str) -> ssl.SSLContext:
    """``verify``: True, False, or the file or folder of trusted certificates (REQUESTS_CA_BUNDLE)."""
    context: ssl.SSLContext = create_urllib3_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    trusted = bundled_certificates() if verify is True else str(verify)
    if not Path(trusted).exists():
        raise OSError(f"the file of trusted certificates does not exist: {trusted}")
    if Path(trusted).is_dir():
        context.load_verify_locations(capath=trusted)
    else:
        context.load_verify_locations(cafile=trusted)
    return context


class _CutQueries(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Changes the message in place: urllib3 logs whole addresses, and a SAS address is a secret."""
        record.msg, record.args = without_queries(record.getMessage()), ()
        return True


def _keep_queries_out_of_debug_logs() -> None:
    logger = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(each, _CutQueries) for each in logger.filters):
        logger.addFilter(_CutQueries())
