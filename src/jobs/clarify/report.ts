/** Reports of analyses without a baseline to compare with, and several bodies as one. */
import type { KernelShap } from '../../engines/attribution/aggregate.ts';
import type { PdpPart } from '../../engines/attribution/pdp.ts';
import type { ReportBody, ReportChart } from '../../engines/report/body.ts';

const chartedFeatures = 20;
const tabledFeatures = 200;
/** More curves of one model say less. */
const mostCurves = 24;

export interface Explained {
  readonly rows: number;
  readonly kernelShap: KernelShap | undefined;
  readonly pdp: readonly PdpPart[] | undefined;
  readonly notes: readonly string[];
}

/** What features add, and how the model's mean output follows them. */
export function explanationReport({
  rows,
  kernelShap = {},
  pdp = [],
  notes,
}: Explained): ReportBody {
  const labels = Object.entries(kernelShap).map(([label, shap]) => {
    const features = Object.entries(shap.global_shap_values).sort(([, a], [, b]) => b - a);
    return { label, expected: shap.expected_value, features };
  });
  const [first] = labels;
  const top = first?.features.slice(0, 3).map(([name]) => name);
  const said = top ? `; ${top.join(', ')} add the most to ${first?.label}` : '';
  return {
    monitor: 'Feature attribution',
    summary: `${rows} rows were explained${said}.`,
    rows,
    findings: [],
    figures: labels.map(({ label, expected }) => ({
      name: `Expected value of ${label}`,
      value: expected,
    })),
    comparisons: [],
    tables: labels.map(({ label, features }) => ({
      caption: `What each feature adds to ${label}`,
      columns: ['Feature', 'Global SHAP value'],
      rows: features.slice(0, tabledFeatures),
    })),
    charts: [
      ...labels.map(
        ({ label, features }): ReportChart => ({
          kind: 'bars',
          title: `Global SHAP values of ${label}`,
          series: ['current'],
          items: features
            .slice(0, chartedFeatures)
            .map(([name, value]) => ({ label: name, values: [value] })),
        }),
      ),
      ...pdp.slice(0, mostCurves).map(dependenceChart),
    ],
    notes,
  };
}

function dependenceChart(part: PdpPart): ReportChart {
  const { feature_name: feature, feature_values: cells, model_predictions: means } = part;
  const title = `Mean prediction by ${feature}`;
  if (part.data_type === 'categorical') {
    const items = cells.map((cell, at) => ({ label: String(cell), values: [means[0]?.[at] ?? 0] }));
    return { kind: 'bars', title, series: [part.label_headers[0] ?? 'label0'], items };
  }
  return {
    kind: 'lines',
    title,
    xLabel: feature,
    yLabel: 'mean prediction',
    series: means.map((values, label) => ({
      name: part.label_headers[label] ?? `label${label}`,
      points: values.map((value, at) => [Number(cells[at]), value] as const),
    })),
  };
}

/** One body of several analyses of the same rows; the first says whose monitor it is. */
export function joined(bodies: readonly ReportBody[]): ReportBody | undefined {
  const [first, ...rest] = bodies;
  if (!first || rest.length === 0) return first;
  return {
    monitor: first.monitor,
    summary: bodies.map(({ summary }) => summary).join(' '),
    rows: Math.max(...bodies.map(({ rows }) => rows)),
    findings: bodies.flatMap(({ findings }) => findings),
    figures: bodies.flatMap(({ figures }) => figures),
    comparisons: bodies.flatMap(({ comparisons }) => comparisons),
    tables: bodies.flatMap(({ tables }) => tables),
    charts: bodies.flatMap(({ charts }) => charts),
    notes: [...new Set(bodies.flatMap(({ notes }) => notes))],
  };
}
