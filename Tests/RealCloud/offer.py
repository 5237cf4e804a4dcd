"""The lists of Nova, Glance and Neutron for a cloud that has only Keystone and Heat, in the shapes of the real ones.
templates/test.yaml gives the names their meaning."""

import http.server
import json
import threading

FLAVORS = [
    {"id": f"f-{name}", "name": name, "vcpus": 1, "ram": ram, "disk": 20, "OS-FLV-DISABLED:disabled": False}
    for name, ram in [("tiny", 512), ("slow", 1024)]
]
IMAGES = [
    {"id": f"i-{name}", "name": name, "status": "active", "min_disk": 0, "min_ram": 0, "os_admin_user": "debian"}
    for name in ["fine", "broken", "sticky"]
]
NETWORKS = [
    {"id": "n-private", "name": "private", "router:external": False},
    {"id": "n-public", "name": "public", "router:external": True},
]
QUOTA = {"limit": 100, "used": 1, "reserved": 0}
LIMITS = {
    "totalInstancesUsed": 0, "maxTotalInstances": 10, "totalCoresUsed": 0, "maxTotalCores": 20,
    "totalRAMUsed": 0, "maxTotalRAMSize": 51200,
}


class Offer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.split("?")[0]
        answers = {
            "/compute/": {"versions": [{"id": "v2.1", "links": [{"rel": "self", "href": "http://nova/v2.1/"}]}]},
            "/compute/v2.1/flavors/detail": {"flavors": FLAVORS}, "/compute/v2.1/limits": {"limits": {"absolute": LIMITS}},
            "/image/v2/images": {"images": IMAGES}, "/network/v2.0/networks": {"networks": NETWORKS},
        }
        if path.endswith("/details.json"):
            answers[path] = {"quota": {"port": QUOTA, "security_group": QUOTA, "floatingip": QUOTA}}
        body = json.dumps(answers.get(path, {})).encode()
        self.send_response(200 if path in answers else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve():
    """Serves on a port that the system picks, and returns it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Offer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]
