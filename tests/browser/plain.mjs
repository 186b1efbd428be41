// A node that speaks plain http, in front of a browser that keeps no `__Host-` cookie there.

import { createServer, request as send } from "node:http";

/**
 * Starts a server on loopback that hands on what it is asked to `node`, an address, with these cookies, and
 * tells the node its own name and origin.
 *
 * @returns {Promise<{url: string, stop: () => void}>}
 */
export async function startFront(node, cookie) {
  const [hostname, port] = node.split(":");
  const server = createServer((request, response) => {
    const headers = { ...request.headers, host: node };
    if (cookie) headers.cookie = cookie;
    if (headers.origin) headers.origin = `http://${node}`;
    const { method, url: path } = request;
    const onward = send({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}
