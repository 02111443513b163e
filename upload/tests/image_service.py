"""Glance with SQLite and files in the current folder, without Keystone: `image_service.py PORT`."""

import os
import socketserver
import subprocess
import sys
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

PORT = int(sys.argv[1])
HERE = Path.cwd()
PASTE = Path(sys.prefix) / "etc/glance/glance-api-paste.ini"

(HERE / "images").mkdir()
# Who calls is said by headers, which the middleware of Keystone would set: see `bounded`.
paste = PASTE.read_text().replace("unauthenticated-context rootapp", "context rootapp")
(HERE / "glance-api-paste.ini").write_text(paste)
(HERE / "glance-api.conf").write_text(
    f"""[DEFAULT]
worker_self_reference_url = http://127.0.0.1:{PORT}
enabled_import_methods = []
[database]
connection = sqlite:///{HERE}/glance.db
[glance_store]
default_store = file
stores = file
filesystem_store_datadir = {HERE}/images
[paste_deploy]
flavor =
config_file = {HERE}/glance-api-paste.ini
"""
)
os.environ["OS_GLANCE_CONFIG_DIR"] = str(HERE)
manage = Path(sys.prefix) / "bin/glance-manage"
subprocess.run(
    [sys.executable, manage, "--config-file", HERE / "glance-api.conf", "db_sync"], check=True
)
sys.argv = ["glance-api"]

from glance.common.wsgi_app import init_app  # noqa: E402


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Input:
    """The body, which ends where its length says; wsgiref's own would wait for more."""

    def __init__(self, stream, length):
        self.stream, self.left = stream, length

    def read(self, size=-1):
        size = self.left if size is None or size < 0 else min(size, self.left)
        data = self.stream.read(size)
        if len(data) < size:
            raise OSError("the client went away")
        self.left -= len(data)
        return data


def bounded(app):
    def run(environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = Input(environ["wsgi.input"], length)
        environ["HTTP_X_IDENTITY_STATUS"] = "Confirmed"
        environ["HTTP_X_ROLES"] = "admin,member,reader"
        environ["HTTP_X_PROJECT_ID"] = "00000000000000000000000000000001"
        environ["HTTP_X_USER_ID"] = "00000000000000000000000000000002"
        return app(environ, start_response)

    return run


server = make_server("127.0.0.1", PORT, bounded(init_app()), Server, Handler)
print("glance is ready", flush=True)
server.serve_forever()
