// Holds the script that looks for roles to the table that `src/http/portal/role_search.rs` is held to, too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const table = JSON.parse(read("../data/role_search.json"));
const names = "{ searchField, searchWords, findRole, markedPieces, SEARCHED }";
const search = runInNewContext(`${read("../../static/role-search.js")}\n(${names})`);

const fieldsOf = (role) => role.map(([kind, text]) => search.searchField(kind, text));
const find = (role, query) => search.findRole(search.searchWords(query), fieldsOf(role));

function marked(role, query) {
  const hit = find(role, query);
  if (!hit) return null;
  return fieldsOf(role).map(({ letters }, number) => {
    const places = hit.marks.filter(([field]) => field === number).flatMap(([, found]) => found);
    const pieces = search.markedPieces(letters, places);
    return pieces.map(([text, isMarked]) => (isMarked ? `[${text}]` : text)).join("");
  });
}

test("every case of the table is found as it says", () => {
  assert.ok(table.matches.length > 40);
  for (const { role, query, marked: expected } of table.matches) {
    // Values of the script's own world have other prototypes.
    assert.deepEqual(structuredClone(marked(role, query)), expected, `${query} in ${role}`);
  }
});

test("every order of the table is as it says", () => {
  for (const { roles, query, order } of table.orders) {
    const found = roles
      .map((role, at) => ({ at, hit: find(role, query) }))
      .filter(({ hit }) => hit)
      .sort((one, other) => other.hit.score - one.hit.score);
    assert.deepEqual(found.map(({ at }) => at), order, query);
  }
});

test("a query is looked at within its bounds", () => {
  const { words, characters } = search.SEARCHED;
  assert.equal(search.searchWords("a ".repeat(words + 1)).length, words);
  assert.equal(search.searchWords("a".repeat(characters + 1))[0].letters.length, characters);
  assert.equal(search.searchWords(" \u3000\t").length, 0);
});
