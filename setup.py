"""Packaging: one pure-Python wheel that ``az extension add`` installs."""
import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
PACKAGE = HERE / "azext_mltrouble"

VERSION = re.search(r'^__version__ = "(.+)"$', (PACKAGE / "__init__.py").read_text("utf-8"), re.MULTILINE)[1]

setup(
    name="mltrouble",
    version=VERSION,
    description="A doctor for Azure Machine Learning deployments, as an Azure CLI extension.",
    long_description=f"{(HERE / 'README.md').read_text('utf-8')}\n\n",
    long_description_content_type="text/markdown",
    license="MIT",
    author="the mltrouble authors",
    python_requires=">=3.9",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: System Administrators",
        "License :: OSI Approved :: MIT License",
        "Programming Language :: Python :: 3",
    ],
    packages=find_packages(include=["azext_mltrouble", "azext_mltrouble.*"]),
    package_data={
        "azext_mltrouble": ["azext_metadata.json"],
        "azext_mltrouble.diagnosis": ["knowledge/*.yaml", "*.json"],
    },
    install_requires=["azureml-core>=1.57,<2", "docker>=6,<8"],
)
