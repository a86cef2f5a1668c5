import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAMILIES } from '../../src/observe/families.js';
import { root } from './blocks.js';
import { between, table } from './table.js';

const file = (name: string): string => join(root, 'docs/monitoring', name);
const read = (name: string): string => readFileSync(file(name), 'utf8');

/** Returns the metric names in a file that do not exist. */
function strangers(text: string): string[] {
  const known = new Set(
    FAMILIES.flatMap(({ name, type }) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
  return [...text.matchAll(/\bhealing_\w+/g)].map(([name]) => name).filter((name) => !known.has(name));
}

it('docs/monitoring/README.md lists the metrics of the code; UPDATE_DOCS=1 writes them', () => {
  const rows = FAMILIES.map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  const text = read('README.md');
  const wanted = between('metrics', table(['metric', 'type', 'labels', 'what it says'], rows), text);
  if (process.env['UPDATE_DOCS']) writeFileSync(file('README.md'), wanted);
  else expect(text).toBe(wanted);
});

describe('the alert rules', () => {
  const names = (text: string, key: string): string[] =>
    [...text.matchAll(new RegExp(`${key}: (\\w+)`, 'g'))].map(([, name = '']) => name);

  it('use existing metrics only, and so do their tests', () => {
    expect(strangers(read('alerts.yml'))).toEqual([]);
    expect(strangers(read('alerts.test.yml'))).toEqual([]);
  });

  it('each have a test', () => {
    const rules = names(read('alerts.yml'), 'alert');
    expect(rules.length).toBeGreaterThan(8);
    expect([...new Set(names(read('alerts.test.yml'), 'alertname'))].sort()).toEqual([...rules].sort());
  });

  it('use the job name of the scrape configuration', () => {
    expect(read('prometheus.yml')).toContain('job_name: self-healing');
    expect(read('alerts.yml')).toContain('up{job="self-healing"}');
  });
});

describe('the Grafana dashboard', () => {
  const dashboard = JSON.parse(read('grafana-dashboard.json')) as {
    panels: readonly {
      id: number;
      title: string;
      datasource: { uid: string };
      gridPos: { x: number; y: number; w: number; h: number };
      targets: readonly { expr: string }[];
    }[];
  };

  it('queries existing metrics, of the selected hosts, from the selected data source', () => {
    expect(dashboard.panels.length).toBeGreaterThan(7);
    for (const { datasource, targets } of dashboard.panels) {
      expect(datasource.uid).toBe('${datasource}');
      for (const { expr } of targets) {
        expect(strangers(expr)).toEqual([]);
        expect(expr).toMatch(/healing_\w/);
        expect(expr).toContain('instance=~"$instance"');
      }
    }
  });

  it('shows the seven documented metrics in its first row, in their order', () => {
    const first = dashboard.panels.filter(({ gridPos }) => gridPos.y === 0);
    const asked = first.map(({ targets }) => /healing_\w+?(?=_bucket|\{)/.exec(targets[0]?.expr ?? '')?.[0]);
    expect(asked).toEqual(FAMILIES.slice(0, 7).map(({ name }) => name));
  });

  it('has panels with unique names, within the width, none overlapping another', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.has(`${x} ${y}`)).toBe(false);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });
});
