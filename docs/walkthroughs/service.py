"""A service in few lines, for the walkthroughs: it asks the gateway about every request, and does nothing else.

    python3 service.py s3 AKIA…:secret    a store of the bucket `reports`
    python3 service.py ci AKIA…:secret    POST /builds {"role": ARN} begins a build

It prints its URL. Its questions are signed by curl; AWS_ENDPOINT_URL_STS says where the gateway is.
"""

import base64
import http.server
import json
import os
import subprocess
import sys

SERVICE, KEY = sys.argv[1:]


def ask(received, action, resource, context):
    question = {
        "service": SERVICE,
        "request": received,
        "action": action,
        "resource": resource,
        "resource_account": "123456789012",
        "context": context,
    }
    command = ["curl", "--silent", "--aws-sigv4", "aws:amz:us-east-1:rolegate", "--user", KEY]
    command += ["--header", "Content-Type: application/json", "--data-binary", "@-"]
    command += [os.environ["AWS_ENDPOINT_URL_STS"] + "/authorize"]
    asked = subprocess.run(command, input=json.dumps(question).encode(), capture_output=True, check=True)
    return json.loads(asked.stdout)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def questions(self, body):
        """What the request would do: actions and resources."""
        if SERVICE == "ci":
            yield "ci:StartBuild", "arn:aws:ci:us-east-1:123456789012:build/new"
            yield "iam:PassRole", json.loads(body)["role"]
        elif self.command == "GET":
            yield "s3:ListBucket", "arn:aws:s3:::reports"
        else:
            yield "s3:PutObject", "arn:aws:s3:::reports/" + self.path.split("?")[0].split("/")[-1]

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        received = {
            "method": self.command,
            "path": path,
            "query": query,
            "headers": self.headers.items(),
            "body": base64.b64encode(body).decode(),
        }
        context = {"aws:SourceIp": self.client_address[0]}
        for action, resource in self.questions(body):
            told = ask(received, action, resource, context)
            if told.get("decision") != "allow":
                return self.refuse(told)
        self.tell(200, "")

    def refuse(self, told):
        error = told.get("error", {})
        code, text = error.get("code", "ServiceUnavailable"), error.get("message", "")
        if "encoded_message" in told:
            self.log_message("encoded message: %s", told["encoded_message"])
        self.tell(error.get("status", 503), f"<Error><Code>{code}</Code><Message>{text}</Message></Error>")

    def tell(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = handle_request


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
