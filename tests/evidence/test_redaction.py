"""Redaction: nothing planted comes through, nothing harmless is lost, and the form of the text stays."""
from __future__ import annotations

import io
import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azext_mltrouble.evidence.redaction import Redactor

BASE64 = string.ascii_letters + string.digits + "+/"
WORD = string.ascii_letters + string.digits


def _of(alphabet: str, least: int, most: int | None = None) -> st.SearchStrategy[str]:
    """Generated credentials: words of these characters with at least one digit in front."""
    return st.tuples(st.sampled_from(string.digits), st.text(alphabet, min_size=least, max_size=most or least)).map(
        "".join
    )


#: Every kind of secret: how it is generated, and the text that carries it.
PLANTS = {
    "password": (_of(WORD + "!#%^*-_.~@+", 5, 30), "password={}"),
    "passwordOption": (_of(WORD + "!#%^*-_.~@+", 5, 30), "tool --registry-password {} --verbose"),
    "passwordJson": (_of(WORD + "!#%^*-_.~@ {}:;,", 5, 30), '"adminPassword": "{}"'),
    "sasSignature": (_of(WORD + "%", 30), "https://a.blob.core.windows.net/c/b?sv=2019-02-02&sig={}&se=2030-01-01"),
    "sasSignatureFirst": (_of(WORD, 30), "https://a.blob.core.windows.net/c/b?sig={}&sv=2019-02-02"),
    "sasSignatureEncoded": (_of(WORD, 30), "https%3A%2F%2Fa.blob.core.windows.net%2Fc%3Fsv%3D2019%26sig%3D{}%26sp%3Dr"),
    "bearerToken": (_of(WORD + "-_.", 20, 60), "Authorization: Bearer {}"),
    "bearerAlone": (_of(WORD + "-_.", 20, 60), "sent header bearer {}"),
    "jwt": (st.tuples(*[_of(WORD + "-_", 20)] * 3).map(lambda parts: "eyJ" + ".eyJ".join(parts)), "got {} back"),
    "basicAuth": (_of(BASE64, 15), "Authorization: Basic {}=="),
    "accountKey": (_of(BASE64, 85), "AccountName=data;AccountKey={}==;EndpointSuffix=core.windows.net"),
    "accountKeyAlone": (_of(BASE64, 85), "the key {}== was used"),
    "sharedAccessKey": (_of(BASE64, 40), "Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey={}="),
    "basicAuthUrl": (_of(WORD + "!$%^*-_.~", 5, 30), "fatal: https://build:{}@dev.azure.com/x/_git/y not found"),
    "pipIndexCredentials": (_of(WORD, 20), "Looking in indexes: https://feed:{}@pkgs.dev.azure.com/x/_packaging/y/"),
    "githubToken": (_of(WORD, 35).map("ghp_".__add__), "git+https://{}@github.com/x/y.git"),
    "pypiToken": (_of(WORD, 60).map("pypi-".__add__), "upload with {} failed"),
    "awsKey": (_of(string.ascii_uppercase, 15).map("AKIA".__add__), "boto3 used {} now"),
    "awsSecret": (_of(BASE64, 39), "AWS_SECRET_ACCESS_KEY={}"),
    "curl": (_of(WORD + "!-_.", 5, 30), "+ curl -sS -u robot:{} https://example.com/x"),
    "dockerLogin": (_of(WORD + "!-_.", 5, 30), "docker login -u robot -p {} x.azurecr.io"),
    "dockerAuth": (_of(BASE64, 20), '{{"auths": {{"x.azurecr.io": {{"auth": "{}"}}}}}}'),
    "identifiableKey": (_of(BASE64, 75).map(lambda body: body + "+AStabcdeA=="), "found {} here"),
    "registryKey": (_of(BASE64, 41).map(lambda body: body + "+ACRabcdef"), "found {} here"),
    "clientSecret": (_of(WORD + "_~.-", 30).map(lambda tail: "abC8Q~" + tail), "with {} as given"),
    "primaryKey": (_of(WORD, 31), '{{"primaryKey": "{}", "secondaryKey": null}}'),
    "pair": (_of(WORD + " !-", 5, 30), '{{"name": "MODEL_API_KEY", "value": "{}"}}'),
    "urlToken": (_of(WORD + "-_", 11, 60), "fatal: https://{}@dev.azure.com/x/_git/y not found"),
    "urlTokenOfLetters": (st.text(string.ascii_letters, min_size=20, max_size=60), "at https://{}@gitlab.com/x/y.git"),
    "urlTokenNoPassword": (_of(WORD, 11, 60), "clone https://{}:@bitbucket.org/x/y.git"),
    "urlTokenAndPassword": (_of(WORD, 30, 60), "clone https://{}:x-oauth-basic@github.com/x/y.git"),
    "passVariable": (_of(WORD + "!#%^*-_.~@+", 5, 30), "DB_PASS={}"),
    "passYaml": (_of(WORD + "!#%^*-_.~@+", 5, 30), "MYSQL_PASS: {}"),
    "passAlone": (_of(WORD + "!#%^*-_.~@+", 5, 30), "PASS={}"),
    "passJson": (_of(WORD + "!#%^*-_.~@+", 5, 30), '{{"user": "robot", "pass": "{}"}}'),
    "passOption": (_of(WORD + "!#%^*-_.~@+", 5, 30), "tool --pass {} --verbose"),
    "functionKey": (_of(BASE64, 53), "POST https://x.azurewebsites.net/api/score?code={}== gave 401"),
    "functionKeySecond": (_of(WORD + "-_", 40), "https://x.azurewebsites.net/api/score?a=b&code={}==&c=d"),
    "dockerConfig": (_of(BASE64, 60), ".dockerconfigjson: {}=="),
    "dockerConfigBlock": (_of(BASE64, 60), "data:\n  .dockerconfigjson: |-\n    {}=="),
    "dockerCfg": (_of(BASE64, 60), '{{"data": {{".dockercfg": "{}="}}}}'),
    "keyWithoutSign": (_of(WORD, 31), "the service's primaryKey {} was refused"),
    "mysql": (_of(WORD + "!-_.", 5, 30), "+ mysql -h x.mysql.database.azure.com -uroot -p{} shop"),
    "mysqldump": (_of(WORD + "!-_.", 5, 30), "mysqldump -u root -p'{}' shop"),
    "mysqlArguments": (_of(WORD + "!-_.", 5, 30), '["mysqladmin", "-uroot", "-p{}", "ping"]'),
    "tag": (_of(WORD + "!-_.", 5, 30), "<password>{}</password>"),
}

#: What a text is wrapped in on its way into a log.
EMBEDDINGS = {
    "plain": lambda text: text,
    "between": lambda text: f"step 3 failed: {text} \n next line",
    "json": lambda text: json.dumps({"message": text, "count": 3}),
    "json in json": lambda text: json.dumps({"error": json.dumps({"message": text, "a": [1, "b"]})}),
    "three deep": lambda text: json.dumps({"a": json.dumps({"b": json.dumps({"c": text})})}),
    "repr": lambda text: repr({"stdout": text}),
    "repr of bytes": lambda text: repr(text.encode()),
    "timestamps": lambda text: f"2024-01-01T00:00:00.1234567Z stdout F {text}\r\n2024-01-01 done",
    "colours": lambda text: f"\x1b[31m{text}\x1b[0m\n",
}

planted = st.sampled_from(sorted(PLANTS)).flatmap(
    lambda kind: PLANTS[kind][0].map(lambda secret: (secret, PLANTS[kind][1].format(secret)))
)


def _redacted_stream(data: bytes, size: int) -> bytes:
    class Chunks(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            return super().read(size)

    return b"".join(Redactor().stream(Chunks(data)))


@settings(max_examples=600, deadline=None)
@given(planted, st.sampled_from(sorted(EMBEDDINGS)))
def test_no_planted_secret_comes_through(plant, embedding):
    secret, carrier = plant
    redactor = Redactor()
    redacted = redactor.text(EMBEDDINGS[embedding](carrier))
    assert secret not in redacted
    assert "***" in redacted
    assert sum(redactor.counts.values()) >= 1


@settings(max_examples=300, deadline=None)
@given(st.lists(planted, min_size=1, max_size=4), st.sampled_from(sorted(EMBEDDINGS)))
def test_redacting_twice_is_redacting_once(plants, embedding):
    once = Redactor().text(EMBEDDINGS[embedding]("\n".join(carrier for _, carrier in plants)))
    again = Redactor()
    assert again.text(once) == once
    assert again.counts == {}


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["password", "=", ":", " ", '"', "'", "\\", "token", "\n", "a1", "***", "://", "@",
                                 "sig=", "Bearer ", "{", ",", "&", ";", "key", "<", ">", "-----BEGIN PRIVATE KEY-----",
                                 "--", "login", "-p ", "curl -u ", "\\n", "value", "name", "eyJ", "12345678901234",
                                 "https://", "mysql -p", "DB_PASS=", "?code=", "primaryKey ", ".dockercfg: "]),
                max_size=25))  # fmt: skip
def test_any_text_is_redacted_once_and_keeps_its_lines(words):
    text = "".join(words)
    once = Redactor().text(text)
    assert Redactor().text(once) == once
    assert once.count("\n") == text.count("\n")


@settings(max_examples=25, deadline=None)
@given(planted, st.integers(100, 70_000), st.integers(0, 600_000), st.booleans())
def test_a_stream_hides_secrets_wherever_its_chunks_end(plant, size, before, in_one_line):
    secret, carrier = plant
    filler = b"0123456 789\n" if not in_one_line else b"0123456 789,"
    data = (filler * (before // len(filler))) + b" " + carrier.encode() + b"\n" + filler * 30_000
    redacted = _redacted_stream(data, size)
    assert secret.encode() not in redacted
    assert redacted == _redacted_stream(data, 1 << 20)
    assert redacted.count(b"\n") == data.count(b"\n")


def test_a_secret_longer_than_any_window_is_hidden_to_its_end():
    secret = b"a1" * 700_000
    redacted = _redacted_stream(b"x\npassword=" + secret + b" after\nnext\n", 65_536)
    assert b"a1a1" not in redacted
    assert redacted.endswith(b" after\nnext\n")


def test_a_stream_in_utf16_is_redacted_and_comes_out_as_utf8():
    redacted = _redacted_stream("Größe\npassword=hunter22\n".encode("utf-16"), 7)
    assert redacted.decode("utf-8") == "Größe\npassword=***\n"


def test_bytes_that_are_no_utf8_stay_as_they_are():
    assert _redacted_stream(b"\xff\xfe\xfd x \x00 \xc3( token=abc123456\n"[2:], 3) == b"\xfd x \x00 \xc3( token=***\n"


PRIVATE_KEY_LINES = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKB"] * 20 + ["wMLqqf=="]


@pytest.mark.parametrize("name", ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])
@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("prefix", ["", "    ", "2024-01-01T00:00:00Z stdout F "])
def test_a_private_key_over_many_lines_is_hidden_and_counted_once(name, ended, prefix):
    lines = [f"-----BEGIN {name}-----", *PRIVATE_KEY_LINES, *([f"-----END {name}-----"] if ended else [])]
    text = "before\n" + "".join(f"{prefix}{line}\n" for line in lines) + "after this line\n"
    redactor = Redactor()
    redacted = redactor.text(text)
    assert "MIIE" not in redacted
    assert "wMLqqf" not in redacted
    assert redacted.count("\n") == text.count("\n")
    assert redacted.endswith("after this line\n")
    assert redactor.counts == {"privateKey": 1}
    assert _redacted_stream(text.encode(), 11).decode() == redacted


def test_a_private_key_in_an_escaped_string_is_hidden():
    text = json.dumps({"sslKeyPem": "-----BEGIN PRIVATE KEY-----\n" + "\n".join(PRIVATE_KEY_LINES), "next": "stays"})
    redacted = Redactor().text(text)
    assert "MIIE" not in redacted
    assert json.loads(redacted)["next"] == "stays"


HARMLESS = [
    "commit 3de67145758a8300d3a3f1f8528b4727aaaabbbb",
    "image x.azurecr.io/azureml/azureml_3de67145758a8300d3a3f1f8528b4727@sha256:"
    "3be33ccf9f74bd8f8a52fbc24ae03f693be33ccf9f74bd8f8a52fbc24ae03f69",
    "SyntaxError: Unexpected token: expected string",
    "the bearer authentication scheme needs a token",
    "pip install password-strength==0.0.3 django-password-validators>=1.0 keyring",
    "Collecting tokenizers==0.13.2",
    "  - tokenizers=0.13.2=py38_0",
    "WARNING! Using --password via the CLI is insecure. Use --password-stdin.",
    "Password: ERROR: Exception:",
    "PWD=/var/azureml-app\nOLDPWD=/",
    "{'bos_token': '<s>', 'eos_token': '</s>', 'pad_token': '[PAD]'}",
    "def login(username, password=None, token=None):",
    "unauthorized: incorrect username or password",
    "Secret: not found in the namespace",
    'MountVolume.SetUp failed for volume "tls": secret "azureml-fe-tls" not found',
    "password=${DB_PASSWORD}",
    '{"name": "DB_PASSWORD", "value": "${DB_PASSWORD}"}',
    "integrity sha512-" + "a" * 86 + "==",
    "Authorization: failed for the caller",
    "sig=0.05 is not significant",
    '"permissions": {"keys": ["get", "list"], "secrets": ["get", "list"], "certificates": ["all"]}',
    "https://azureml-models.westeurope.api.azureml.ms/discovery",
    "docker run -u 1000:1000 image",
    "2.13.0-cuda password ***",
    "max_tokens: 512, tokens=512",
    "https://contoso@dev.azure.com/contoso/_git/x",
    "https://contoso-machine-learning-2024@dev.azure.com/contoso-machine-learning-2024/_git/x",
    "git clone git@github.com:contoso/x.git, ssh://git@github.com/contoso/x.git",
    "abfss://container2024@data.dfs.core.windows.net/x, docs at https://example.com/@user2024/x",
    "https://example.com?contact=build2024@example.com",
    "the tests pass, bypass=AzureServices, passed=3, pass=3 fail=0, first_pass=12, forward_pass: 0.12s, compass: x7",
    "PASS: test_score_1234567",
    "--pass-filenames --pass is an option",
    "HTTP code=400, exit code=1, ?code=400, &code=NotFound, error code=3de67145758a8300d3a3f1f8528b4727aaaabbbb",
    "type: kubernetes.io/dockerconfigjson",
    "open /home/me/.dockercfg: no such file or directory, --from-file=.dockerconfigjson=/home/me/.docker/config.json",
    "the primaryKey is missing, primaryKey regenerated on 2024-01-01, primaryKey, secondaryKey",
    "docker run -p 8080:5001 x, docker run -p5001 x, mkdir -p/var/x",
    "docker run --name mysql -p3306:3306 mysql:8",
    "mysql -P3306 -p shop",
    "service mysql start && mkdir -p/var/lib/x; mysql-client -y && tool -p5001",
    "=" * 200,
]


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays_as_it_is(text):
    redactor = Redactor()
    assert redactor.text(text) == text
    assert redactor.counts == {}


def test_what_stands_around_a_secret_stays():
    text = 'x {"password": "ab\\"c", "state": "Failed"} AccountName=a;AccountKey=k1/+==;EndpointSuffix=core'
    masked = 'x {"password": "***", "state": "Failed"} AccountName=a;AccountKey=***;EndpointSuffix=core'
    assert Redactor().text(text) == masked


PAYLOAD = {
    "name": "mysvc",
    "sslKey": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
    "sslCertificate": "MIIC",
    "keys": {"primary": "abcdef0123456789", "primaryKey": "short"},
    "environmentVariables": {"DB_PASSWORD": "hunter2", "HF_TOKEN": "hf", "WORKER_COUNT": "2"},
    "containers": [
        {"environmentVariables": [{"name": "API_KEY", "value": "letters"}, {"name": "MODE", "value": "fast"}]}
    ],
    "imageRegistryCredentials": [{"server": "x.azurecr.io", "username": "x", "password": "p"}],
    "containerRegistryCredentials": {"passwords": [{"name": "password", "value": "p1"}]},
    "imageBuildLogUri": "https://a.blob.core.windows.net/c/b?sv=1&sig=abcdefghijk&se=2",
    "parameters": {"adminPassword": {"type": "SecureString", "value": "P@ss"}},
    "connectionString": "x",
    "pin": None,
    "password": 12345,
    "authEnabled": True,
    "continuationToken": "abc",
    "accessPolicies": [{"objectId": "1", "permissions": {"keys": ["get"], "secrets": ["get", "list"]}}],
    "encryptionProperties": {"keyName": "mykey", "vaultBaseUrl": "https://v"},
}


def test_a_payload_is_masked_by_the_names_of_its_fields():
    redactor = Redactor()
    before = json.dumps(PAYLOAD)
    redacted = redactor.payload(PAYLOAD)
    assert json.dumps(PAYLOAD) == before
    assert redacted["sslKey"] == redacted["sslCertificate"] == redacted["connectionString"] == "***"
    assert redacted["keys"] == {"primary": "***", "primaryKey": "***"}
    assert redacted["environmentVariables"] == {"DB_PASSWORD": "***", "HF_TOKEN": "***", "WORKER_COUNT": "2"}
    variables = redacted["containers"][0]["environmentVariables"]
    assert variables == [{"name": "API_KEY", "value": "***"}, {"name": "MODE", "value": "fast"}]
    assert redacted["imageRegistryCredentials"][0] == {"server": "x.azurecr.io", "username": "x", "password": "***"}
    assert redacted["containerRegistryCredentials"] == {"passwords": [{"name": "password", "value": "***"}]}
    assert redacted["imageBuildLogUri"] == "https://a.blob.core.windows.net/c/b?sv=1&sig=***&se=2"
    assert redacted["parameters"] == {"adminPassword": {"type": "SecureString", "value": "***"}}
    assert redacted["password"] == "***"
    for name in ("name", "pin", "authEnabled", "continuationToken", "accessPolicies", "encryptionProperties"):
        assert redacted[name] == PAYLOAD[name]
    assert redactor.counts["sasSignature"] == 1

    again = Redactor()
    assert again.payload(redacted) == redacted
    assert again.counts == {}


@settings(max_examples=200, deadline=None)
@given(planted)
def test_no_planted_secret_comes_through_a_payload(plant):
    secret, carrier = plant
    assert secret not in json.dumps(Redactor().payload({"error": {"message": carrier, "details": [carrier]}}))


HOSTILE = {
    "words": b"password" * 40_000,
    "signs": b"token = " * 40_000,
    "quotes": b'password="' * 30_000,
    "backslashes": b'password=' + b"\\" * 300_000,
    "escaped quotes": b'password="' + b'\\"' * 150_000,
    "user names": b"https://" + b"a:" * 150_000,
    "urls": b"://a" * 80_000,
    "private keys": b"-----BEGIN PRIVATE KEY-----\n" * 10_000,
    "logins": b"login " * 50_000,
    "curls": b"curl -u " * 40_000,
    "equal signs": b"=" * 300_000,
    "base64": b"QUJD" * 80_000,
    "signatures": b"AIoT" * 80_000,
    "cookies": b"cookie: " * 40_000,
    "cookies without blanks": b"cookie=" * 40_000,
    "braces": b"password:{" * 30_000,
    "options": b"curl " + b"-u a" * 80_000,
    "jwt": b"eyJ" * 100_000,
    "jwt dots": b"eyJaaaaaaaa" + b".aaaaaaaa" * 30_000,
    "names": b'"name":"a","value' * 20_000,
    "closers": b"password=" + b")" * 300_000,
    "closers and words": b"password=" + b";a" * 150_000,
    "basic": b"basic " * 50_000,
    "passes": b"pass=" * 60_000,
    "passes and blanks": b"--pass " * 40_000,
    "url users": b"https://a1" * 30_000,
    "url users and signs": b"https://" + b"a1" * 100 + b":a@" * 80_000,
    "codes": b"?code=" * 50_000,
    "encoded codes": b"%26code=" * 40_000,
    "docker configurations": b"dockercfg:" * 30_000,
    "keys and blanks": b"primaryKey " * 30_000,
    "mysql": b"mysql " * 50_000,
    "mysql options": b"mysql" + b" -p" * 100_000,
    "blanks": b"token" + b" " * 300_000,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_text_is_redacted_like_any_other(name):
    """A search that is not linear in the text would not come back from these."""
    data = HOSTILE[name]
    once = _redacted_stream(data, 1 << 20)
    assert _redacted_stream(once, 1 << 20) == once
    assert once.count(b"\n") == data.count(b"\n")
