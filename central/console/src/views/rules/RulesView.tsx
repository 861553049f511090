// The rules in force, an editor for admins, and what a change would have done: tried on the looks of the last months before it is saved.

import { useEffect, useState } from "preact/hooks";
import { ask } from "../../api/client";
import { Editor } from "./Editor";
import { useAsked } from "../../ui/hooks";
import { count } from "../../lib/words";
import { siteName } from "../../state/sites";
import { Failure, Loading, Mark, Sheet } from "../../ui/parts";
import "../../styles/rules.css";

interface Rules {
  text: string;
  revision: number;
  source: "file" | "console";
  saved_at: string | null;
  saved_by: string | null;
  file_refused: { at: string; faults: number; first: string[] } | null;
  rules: { id: string; kind: string; severity: string; sites?: string[] | null }[];
  keys: { section: string; key: string; default: unknown; least: number | null; most: number | null; doc: string }[];
}

export default function RulesView() {
  const asked = useAsked("rules", () => ask<Rules>("/rules"));
  const [search, setSearch] = useState("");
  const rules = asked.data;
  const wanted = decodeURIComponent(location.hash.slice(1));
  useEffect(() => {
    if (rules && wanted) document.getElementById(`rule-${wanted}`)?.scrollIntoView({ block: "center" });
  }, [rules, wanted]);
  if (asked.failure && !rules) return <Failure what="The rules could not be loaded:" why={asked.failure} again={asked.again} />;
  if (!rules) return <Loading what="Loading the rules" />;
  const keys = rules.keys.filter((key) => !search || `${key.section}.${key.key} ${key.doc}`.toLowerCase().includes(search.toLowerCase()));
  return (
    <div class="page">
      <header class="page-head">
        <h1>Rules</h1>
        <span class="quiet">{rules.source === "file" ? "as installed" : `saved by ${rules.saved_by ?? "somebody"}`}</span>
      </header>
      {rules.file_refused && (
        <div class="state failure" role="alert">
          <p>
            <strong>The rules file has {count(rules.file_refused.faults, "fault")} and was not taken over;</strong> the rules below stay in force.
          </p>
          <ul class="faults">
            {rules.file_refused.first.map((fault) => (
              <li key={fault}>{fault}</li>
            ))}
          </ul>
        </div>
      )}
      <div class="rules-grid">
        <Editor name="rules" path="/rules" text={rules.text} revision={rules.revision} saved={asked.again} />
        <div class="stack">
          <Sheet title="In force" beside={<span class="quiet">{count(rules.rules.length, "rule")}</span>}>
            <ul class="rule-list">
              {rules.rules.map((rule) => (
                <li key={rule.id} id={`rule-${rule.id}`} class={rule.id === wanted ? "wanted" : ""}>
                  <Mark severity={rule.severity} />
                  <span>
                    <strong>{rule.id}</strong> <span class="quiet">{rule.kind.replaceAll("_", " ")}</span>
                  </span>
                  <span class="quiet">{rule.sites?.length ? rule.sites.map(siteName).join(", ") : "every site"}</span>
                </li>
              ))}
            </ul>
          </Sheet>
          <Sheet title="Keys" beside={<input type="search" aria-label="Search keys" placeholder="Search" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />}>
            <div class="scroll keys" tabIndex={0} role="region" aria-label="List of keys">
              <dl>
                {keys.map((key) => (
                  <div key={`${key.section}.${key.key}`}>
                    <dt>
                      <code>
                        {key.section}.{key.key}
                      </code>{" "}
                      <span class="quiet">
                        {key.default !== null && key.default !== undefined && `default ${String(key.default)}`}
                        {key.least !== null && key.most !== null && `, ${key.least} to ${key.most}`}
                      </span>
                    </dt>
                    <dd>{key.doc}</dd>
                  </div>
                ))}
              </dl>
            </div>
          </Sheet>
        </div>
      </div>
    </div>
  );
}
