// A throwaway certificate authority for tests, made with the `openssl` command.
// Rust tests make theirs with rcgen and pass only its public key's pin to the browser.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes an authority: its `certificate` (PEM), and `issue(names)` for a server's key and chain. */
export function makeAuthority() {
  const root = inFolder((folder) => {
    openssl(folder, [
      "req", "-x509", ...EC_KEY, "-days", "2", "-subj", "/CN=Test authority",
      "-keyout", "key.pem", "-out", "certificate.pem",
      "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
    ]);
    return pair(folder);
  });
  return { certificate: root.certificate, issue: (names) => issue(root, names) };
}

function issue(root, names) {
  return inFolder((folder) => {
    writeFileSync(join(folder, "ca-key.pem"), root.key, { mode: 0o600 });
    writeFileSync(join(folder, "ca.pem"), root.certificate);
    const alternatives = names.map((name) => `DNS:${name}`).join(",");
    openssl(folder, [
      "req", "-x509", ...EC_KEY, "-days", "2", "-subj", `/CN=${names[0]}`,
      "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-keyout", "key.pem", "-out", "certificate.pem",
      "-addext", "basicConstraints=critical,CA:FALSE", "-addext", `subjectAltName=${alternatives}`,
    ]);
    const server = pair(folder);
    return { key: server.key, certificate: server.certificate + root.certificate };
  });
}

function inFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), "rolegate-certificates-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function openssl(folder, command) {
  execFileSync("openssl", command, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
}

function pair(folder) {
  return {
    key: readFileSync(join(folder, "key.pem"), "utf8"),
    certificate: readFileSync(join(folder, "certificate.pem"), "utf8"),
  };
}
