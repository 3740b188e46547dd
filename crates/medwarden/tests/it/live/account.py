"""Sets a hub up and makes a token: account.py URL. Prints the token."""

import json
import sys
import urllib.request

URL = sys.argv[1]
PASSWORD = "four words make a password"
cookies = {}


def ask(method, path, body=None, csrf=None):
    headers = {"Content-Type": "application/json", "Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
    if csrf:
        headers["X-Medwarden-CSRF"] = csrf
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers, method=method)) as answer:
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            cookies[name] = value
        text = answer.read()
        return json.loads(text) if text else None


ask("POST", "/api/setup", {"tenant": "Lakeside", "site": "Clinic", "time_zone": "UTC", "networks": [], "name": "Alex", "login": "alex", "password": PASSWORD})
ask("POST", "/api/session", {"login": "alex", "password": PASSWORD})
csrf = ask("GET", "/api/session")["csrf"]
made = ask("POST", "/api/tokens", {"name": "test", "rights": ["view_inventory", "view_findings"], "days": 1}, csrf)
print(made["token"])
