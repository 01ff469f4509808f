"""The Python environments of the serving cases: what images of several ages hold."""

from __future__ import annotations

from tests.lab.environments import Environment, environment


def server(*more: str, without_deps: tuple[str, ...] = ()) -> Environment:
    """The current inference server on Python 3.10."""
    return environment("3.10", "azureml-inference-server-http==1.5.1", *more, without_deps=without_deps)


def science(*more: str, without_deps: tuple[str, ...] = ()) -> Environment:
    """The current inference server with the packages that most models need."""
    packages = ("numpy==1.26.4", "scikit-learn==1.3.2", "pandas==1.5.3", "scipy==1.11.4")
    return server(*packages, *more, without_deps=without_deps)


def old_server(*more: str, without_deps: tuple[str, ...] = ()) -> Environment:
    """The inference server of 2022's images on Python 3.8."""
    return environment("3.8", "azureml-inference-server-http==0.8.4.2", *more, without_deps=without_deps)


def old_science() -> Environment:
    """The same with scikit-learn of 2020."""
    return old_server("numpy==1.19.5", "scikit-learn==0.24.2", "scipy==1.5.4", "joblib==1.1.0")


def flask(*more: str) -> Environment:
    """gunicorn and Flask, as the first generation's images had them."""
    return environment("3.8", "gunicorn==20.1.0", "Flask==1.1.4", "markupsafe==2.0.1", *more)
