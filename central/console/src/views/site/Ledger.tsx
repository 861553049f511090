// What dark tankers are thought to have delivered this year, against the cap, with the 90 % interval.

import type { LedgerLine } from "../../api/types";
import { count, figure, percent } from "../../lib/words";
import { Empty } from "../../ui/parts";

const WIDTH = 400;
const HEIGHT = 34;

export function Ledger({ lines }: { lines: LedgerLine[] }) {
  if (!lines.length) return <Empty title="Nothing is counted here">A rule of the kind ledger counts tanker volumes against a cap.</Empty>;
  return (
    <div class="ledger">
      {lines.map((line) => {
        const most = Math.max(line.cap * 1.1, line.interval[1] * 1.05);
        const x = (quantity: number) => (Math.max(quantity, 0) / most) * WIDTH;
        return (
          <figure key={`${line.rule}${line.year}`}>
            <figcaption>
              <strong>{line.year}</strong>: {figure(line.quantity)} {line.unit}, {percent(line.share)} of the cap of {figure(line.cap)} <span class="quiet">({line.rule})</span>
            </figcaption>
            <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${figure(line.interval[0])} to ${figure(line.interval[1])} ${line.unit} of ${figure(line.cap)}`}>
              <rect class="track" x="0" y="12" width={WIDTH} height="12" rx="2" />
              <rect class={`sum ${line.share >= 1 ? "over" : ""}`} x="0" y="12" width={x(line.quantity)} height="12" rx="2" />
              <line class="interval" x1={x(line.interval[0])} x2={x(line.interval[1])} y1="18" y2="18" />
              <line class="interval" x1={x(line.interval[0])} x2={x(line.interval[0])} y1="14" y2="22" />
              <line class="interval" x1={x(line.interval[1])} x2={x(line.interval[1])} y1="14" y2="22" />
              {[0.25, 0.5, 0.75].map((share) => (
                <line key={share} class="share" x1={x(line.cap * share)} x2={x(line.cap * share)} y1="10" y2="26" />
              ))}
              <line class="cap" x1={x(line.cap)} x2={x(line.cap)} y1="6" y2="30" />
              <text x={x(line.cap) - 4} y="8" text-anchor="end">
                cap
              </text>
            </svg>
            <p class="quiet">
              90 % between {figure(line.interval[0])} and {figure(line.interval[1])} {line.unit}, from {count(line.calls, "dark tanker call")}
              {line.entries.map((entry, index) => (
                <span key={index}>
                  , and {figure(entry.quantity)} ± {figure(entry.sd)} entered: {entry.source}
                </span>
              ))}
              .
            </p>
          </figure>
        );
      })}
    </div>
  );
}
