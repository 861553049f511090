// Where alerts are told beyond the console; whether it gets there.

import { useState } from "preact/hooks";
import { ask, said } from "../../api/client";
import { may } from "../../state/session";
import { useAsked, useEvery } from "../../ui/hooks";
import { Age, Empty, Failure, Loading, Sheet } from "../../ui/parts";
import { tell } from "../../ui/toast";

interface Notify {
  sinks: { name: string; kind: string; waiting: number; oldest_at: string | null; tries_max: number | null }[];
  routes: { sinks: string[]; severity_min: string | null; sites: string[] | null; hours: unknown; quiet: unknown; digest_min: number | null }[];
}

const ASK_EVERY_MS = 10_000;
const words = (value: unknown): string => (value === null || value === undefined ? "" : typeof value === "string" ? value : Array.isArray(value) ? value.map(words).join(", ") : JSON.stringify(value));

export default function NotifyView() {
  const asked = useAsked("notify", () => ask<Notify>("/notify"));
  useEvery(ASK_EVERY_MS, asked.again);
  const [testing, setTesting] = useState<string | null>(null);
  const test = async (sink: string) => {
    setTesting(sink);
    try {
      await ask("/notify/test", { method: "POST", body: { sink } });
      tell(`${sink} took the test.`);
    } catch (thrown) {
      tell(`${sink} did not take the test: ${said(thrown)}`, true);
    } finally {
      setTesting(null);
    }
  };
  if (asked.failure && !asked.data) return <Failure what="The notifications could not be loaded:" why={asked.failure} again={asked.again} />;
  if (!asked.data) return <Loading what="Loading notifications" />;
  const { sinks, routes } = asked.data;
  return (
    <div class="page">
      <header class="page-head">
        <h1>Notifications</h1>
        <span class="quiet">set up in the file that notify.file names</span>
      </header>
      <Sheet title="Where to">
        {!sinks.length ? (
          <Empty title="Nobody is told">No webhook, mail or topic is set up: alerts show up in this console only.</Empty>
        ) : (
          <table>
            <thead>
              <tr>
                <th scope="col">name</th>
                <th scope="col">kind</th>
                <th scope="col" class="number">
                  waiting
                </th>
                <th scope="col">oldest</th>
                <th scope="col" class="number">
                  tries
                </th>
                <th scope="col">
                  <span class="hidden">test</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {sinks.map((sink) => (
                <tr key={sink.name}>
                  <td>{sink.name}</td>
                  <td>{sink.kind}</td>
                  <td class={`number ${sink.waiting ? "bad" : ""}`}>{sink.waiting}</td>
                  <td>{sink.oldest_at ? <Age at={sink.oldest_at} /> : <span class="quiet">–</span>}</td>
                  <td class="number">{sink.tries_max ?? ""}</td>
                  <td>
                    {may("admin") && (
                      <button type="button" disabled={testing !== null} onClick={() => void test(sink.name)}>
                        {testing === sink.name ? "Testing …" : "Test"}
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Sheet>
      {routes.length > 0 && (
        <Sheet title="What goes where">
          <table>
            <thead>
              <tr>
                <th scope="col">to</th>
                <th scope="col">from severity</th>
                <th scope="col">sites</th>
                <th scope="col">hours</th>
                <th scope="col">quiet</th>
                <th scope="col">digest</th>
              </tr>
            </thead>
            <tbody>
              {routes.map((route, index) => (
                <tr key={index}>
                  <td>{route.sinks.join(", ")}</td>
                  <td>{route.severity_min ?? "any"}</td>
                  <td>{route.sites?.length ? route.sites.join(", ") : "every site"}</td>
                  <td>{words(route.hours) || "always"}</td>
                  <td>{words(route.quiet) || "none"}</td>
                  <td>{route.digest_min ? `every ${route.digest_min} min` : "at once"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Sheet>
      )}
    </div>
  );
}
