import { afterEach, describe, expect, test, vi } from "vitest";
import type { Alert } from "../../src/api/types";
import { setFilter, load, loadMore, put, rows } from "../../src/state/queue";
import { STANDARD } from "../../src/state/filter";
import { alert } from "./alert";

/** Central, whose answers to questions for alerts come when the test says so. */
function central() {
  const answers: ((alerts: Alert[], next?: string) => void)[] = [];
  vi.stubGlobal("fetch", (path: string) => {
    const answer = (body: unknown) => new Response(JSON.stringify(body), { status: 200 });
    if (!path.startsWith("/api/v1/alerts?")) return Promise.resolve(answer({ groups: [] }));
    return new Promise<Response>((done) => answers.push((alerts, next) => done(answer({ alerts, next: next ?? null }))));
  });
  return answers;
}

const seen = () => rows.value.map(({ id, revision, state }) => `${id} ${revision} ${state}`).sort();

afterEach(() => vi.unstubAllGlobals());

describe("a_change_that_comes_while_the_queue_is_asked_for", () => {
  test("is_in_it_though_the_answer_was_made_before", async () => {
    const answers = central();
    const asked = load();
    put(alert({ id: "new" }));
    answers[0]?.([alert({ id: "old" })]);
    await asked;
    expect(seen()).toEqual(["new 1 open", "old 1 open"]);
  });

  test("counts_where_the_answer_is_older_and_not_where_it_is_newer", async () => {
    const answers = central();
    const asked = load();
    put(alert({ id: "a", revision: 2, state: "escalated" }));
    put(alert({ id: "b", revision: 2, state: "escalated" }));
    answers[0]?.([alert({ id: "a", revision: 1 }), alert({ id: "b", revision: 3 })]);
    await asked;
    expect(seen()).toEqual(["a 2 escalated", "b 3 open"]);
  });

  test("takes_out_what_the_answer_still_holds", async () => {
    const answers = central();
    const asked = load();
    put(alert({ id: "a", revision: 2, state: "closed" }));
    answers[0]?.([alert({ id: "a" }), alert({ id: "b" })]);
    await asked;
    expect(seen()).toEqual(["b 1 open"]);
  });

  test("counts_on_a_further_page_too", async () => {
    const answers = central();
    const first = load();
    answers[0]?.([alert({ id: "a" })], "after-a");
    await first;
    const more = loadMore();
    put(alert({ id: "b", revision: 2, state: "closed" }));
    answers[1]?.([alert({ id: "b" }), alert({ id: "c" })]);
    await more;
    expect(seen()).toEqual(["a 1 open", "c 1 open"]);
  });

  test("is_not_brought_back_by_an_answer_to_a_later_question", async () => {
    const answers = central();
    const first = load();
    put(alert({ id: "a" }));
    setFilter({ ...STANDARD });
    answers[1]?.([]);
    answers[0]?.([]);
    await first;
    await vi.waitFor(() => expect(seen()).toEqual([]));
  });
});
