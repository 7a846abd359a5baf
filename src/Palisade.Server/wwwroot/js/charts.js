// Draws figures with ECharts in the colours of the tokens; drawn anew whenever the theme changes, by whomever.
const css = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
const charts = new Map();
// Kinds of drawing: figures, width and library in, an option out.
const kinds = { trend, activity, flow, ring, hours, map };
const bars = new Set(['trend', 'activity']);
let library;

export async function draw(element, kind, data, owner) {
  library ??= import('../lib/echarts.esm.min.js');
  const echarts = await library;
  if (!element.isConnected) return;
  let entry = charts.get(element);
  if (!entry) {
    const chart = echarts.init(element, null, { renderer: 'svg' });
    const observer = new ResizeObserver(() => {
      chart.resize();
      if (bars.has(entry.kind) && entry.data) chart.setOption({ xAxis: { axisLabel: { interval: spacing(entry.data.labels, chart.getWidth()) } } });
    });
    observer.observe(element);
    entry = { chart, observer };
    charts.set(element, entry);
    chart.on('click', event => entry.owner?.invokeMethodAsync('PickedAsync', String(event.data?.key ?? event.data?.id ?? event.seriesId ?? '')));
  }
  Object.assign(entry, { kind, data, owner });
  await paint(echarts, entry);
}

export function drop(element) {
  const entry = charts.get(element);
  if (!entry) return;
  entry.observer.disconnect();
  entry.chart.dispose();
  charts.delete(element);
}

new MutationObserver(async () => {
  const echarts = await library;
  for (const entry of charts.values()) await paint(echarts, entry);
}).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });

async function paint(echarts, entry) {
  const base = {
    animation: false, aria: { enabled: true },
    textStyle: { fontFamily: css('font-sans'), fontSize: 11, color: css('chart-label') },
    tooltip: {
      backgroundColor: css('overlay'), borderColor: css('line-2'), confine: true,
      textStyle: { color: css('text-1'), fontSize: 12, fontFamily: css('font-sans') }, extraCssText: 'box-shadow:var(--e-2);border-radius:8px',
    },
  };
  const option = await kinds[entry.kind](entry.data, entry.chart.getWidth(), echarts);
  option.tooltip = { ...base.tooltip, ...option.tooltip };
  entry.chart.setOption({ ...base, ...option }, true);
}

const short = (value, zh) => zh
  ? value >= 1e4 ? `${+(value / 1e4).toFixed(1)} 万` : value.toLocaleString('en')
  : value >= 1e6 ? `${+(value / 1e6).toFixed(1)}M` : value >= 1e4 ? `${+(value / 1e3).toFixed(0)}k` : value.toLocaleString('en');

// How many labels are left out between two, so that at most eight stand, and apart.
const spacing = (labels, width) => {
  const fit = Math.floor((width - 56) / (7 * (labels[0]?.length ?? 5) + 16));
  return Math.max(0, Math.ceil(labels.length / Math.min(8, Math.max(2, fit))) - 1);
};

function trend(data, width) {
  const zh = document.documentElement.lang.startsWith('zh');
  const series = data.series.map(s => ({
    id: s.key, name: s.name, type: 'bar', stack: 'attacks', barWidth: '62%', data: s.values,
    itemStyle: { color: css('cls-' + s.key), borderColor: css('surface-1'), borderWidth: .7 },
  }));
  if (data.before?.length) {
    series.push({
      id: 'before', name: data.beforeName, type: 'line', data: data.before, symbol: 'none', smooth: .3, z: 5,
      lineStyle: { color: css('chart-baseline'), width: 1.5, type: [4, 3] }, itemStyle: { color: css('chart-baseline') },
    });
  }
  return {
    grid: { left: 44, right: 12, top: 14, bottom: 24 },
    tooltip: { trigger: 'axis', axisPointer: { type: 'shadow', shadowStyle: { color: css('chart-band') } }, valueFormatter: value => value?.toLocaleString('en') ?? '–' },
    ...timeAxes(data.labels, width, zh),
    series,
  };
}

const timeAxes = (labels, width, zh) => {
  const label = { color: css('chart-label'), fontSize: 11 };
  return {
    xAxis: { type: 'category', data: labels, axisLine: { show: true, lineStyle: { color: css('chart-axis') } }, axisTick: { show: false }, axisLabel: { ...label, hideOverlap: true, alignMaxLabel: 'right', interval: spacing(labels, width) } },
    yAxis: { type: 'value', minInterval: 1, axisLine: { show: false }, axisTick: { show: false }, axisLabel: { ...label, formatter: value => short(value, zh) }, splitLine: { lineStyle: { color: css('chart-grid') } }, splitNumber: 3 },
  };
};

// One attacker over time; what worked stands at the foot of each bar.
function activity(data, width) {
  const part = (id, name, values, colour) => ({ id, name, type: 'bar', stack: 'attacks', barWidth: '62%', barMaxWidth: 26, data: values, itemStyle: { color: css(colour) } });
  return {
    grid: { left: 44, right: 8, top: 10, bottom: 24 },
    tooltip: { trigger: 'axis', axisPointer: { type: 'shadow', shadowStyle: { color: css('chart-band') } }, valueFormatter: value => value.toLocaleString('en') },
    ...timeAxes(data.labels, width, document.documentElement.lang.startsWith('zh')),
    series: [part('won', data.wonName, data.won, 'sev-critical-solid'), part('tried', data.name, data.values.map((n, i) => n - data.won[i]), 'accent-solid')],
  };
}

// Source, class, target, outcome. Widths are attacks, except that a success is never drawn too thin to be seen.
function flow(data, width) {
  const encode = text => String(text).replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
  const counts = new Map(data.nodes.map(n => [n.id, n]));
  const zh = document.documentElement.lang.startsWith('zh');
  const last = 118;        // .flow-heads has the same columns
  const room = column => column === 3 ? last - 16 : Math.max(40, (width - last) / 3 - 24);
  return {
    tooltip: {
      trigger: 'item',
      formatter: p => p.dataType === 'edge'
        ? `${encode(counts.get(p.data.source).name)} → ${encode(counts.get(p.data.target).name)} · ${p.data.count.toLocaleString('en')}`
        : `${encode(p.data.label0)} · ${p.data.count.toLocaleString('en')}`,
    },
    series: [{
      type: 'sankey', left: 0, right: last - 9, top: 4, bottom: 4, nodeWidth: 9, nodeGap: 12, nodeAlign: 'justify', layoutIterations: 48, draggable: false,
      emphasis: { focus: 'adjacency' }, lineStyle: { curveness: .5 },
      data: data.nodes.map(n => ({
        name: n.id, id: n.id, key: n.id, depth: n.column, label0: n.name, count: n.count,
        itemStyle: { color: css(n.tone || (n.rest ? 'chart-axis' : 'out-blocked')), borderWidth: 0 },
        label: {
          color: css(n.tone === 'out-succeeded' ? 'sev-critical' : 'text-1'), fontSize: 11.5, width: room(n.column), overflow: 'truncate', position: 'right', fontWeight: n.tone === 'out-succeeded' ? 600 : 400,
          formatter: n.column === 3 ? `${n.name} ${short(n.count, zh)}` : n.name,
        },
      })),
      links: data.links.map(l => ({
        source: l.from, target: l.to, count: l.count, value: l.won ? Math.max(l.count, data.total / 150) : Math.max(l.count, data.total / 1500),
        lineStyle: { color: css(l.won ? 'out-succeeded' : l.tone || 'out-blocked'), opacity: l.won ? .75 : .26 },
      })),
    }],
  };
}

// Families inside, classes outside; narrow parts are named by the list beside the ring.
function ring(data) {
  return {
    tooltip: { trigger: 'item', valueFormatter: value => value.toLocaleString('en') },
    title: { text: String(data.total), left: 'center', top: 'center', textStyle: { color: css('text-1'), fontSize: 15, fontWeight: 600, fontFamily: css('font-sans') } },
    series: [{
      type: 'sunburst', radius: ['20%', '98%'], nodeClick: false, sort: undefined, emphasis: { focus: 'ancestor' },
      itemStyle: { borderColor: css('surface-1'), borderWidth: 1.5 },
      label: { color: css('text-1'), fontSize: 10.5, minAngle: 16, overflow: 'truncate', width: 58, rotate: 0, textBorderColor: css('surface-1'), textBorderWidth: 2 },
      levels: [{}, { r0: '22%', r: '58%' }, { r0: '60%', r: '96%' }],
      data: data.parts.map(f => ({ name: f.name, key: f.key, itemStyle: { color: css(f.tone) }, children: f.children.map(c => ({ name: c.name, key: c.key, value: c.count, itemStyle: { color: css(f.tone), opacity: .62 } })) })),
    }],
  };
}

// Hour by weekday, one hue.
function hours(data) {
  const label = { color: css('chart-label'), fontSize: 11 };
  return {
    grid: { left: 38, right: 8, top: 6, bottom: 24 },
    tooltip: { trigger: 'item', formatter: cell => `${data.days[cell.value[1]]} ${String(cell.value[0]).padStart(2, '0')}:00 · ${cell.value[2].toLocaleString('en')}` },
    xAxis: { type: 'category', data: [...Array(24).keys()].map(h => String(h).padStart(2, '0')), axisLine: { show: false }, axisTick: { show: false }, axisLabel: { ...label, interval: 2 } },
    yAxis: { type: 'category', inverse: true, data: data.days, axisLine: { show: false }, axisTick: { show: false }, axisLabel: label },
    visualMap: { show: false, min: 0, max: Math.max(1, ...data.cells.map(c => c[2])), inRange: { color: ['seq-0', 'seq-1', 'seq-2', 'seq-3', 'seq-4', 'seq-5', 'seq-6'].map(css) } },
    series: [{ type: 'heatmap', data: data.cells, itemStyle: { borderColor: css('surface-1'), borderWidth: 2, borderRadius: 2 }, emphasis: { itemStyle: { borderColor: css('accent') } } }],
  };
}

// Equal Earth, centred on 150° E (Šavrič, Patterson, Jenny 2018).
const A = [1.340264, -.081106, .000893, .003796];
const M = Math.sqrt(3) / 2;
const degrees = 57.29578;
const equalEarth = {
  project([lon, lat]) {
    const t = Math.asin(M * Math.sin(lat / degrees));
    const t2 = t * t, t6 = t2 * t2 * t2;
    return [lon / degrees * Math.cos(t) / (M * (A[0] + 3 * A[1] * t2 + t6 * (7 * A[2] + 9 * A[3] * t2))) * degrees, -t * (A[0] + A[1] * t2 + t6 * (A[2] + A[3] * t2)) * degrees];
  },
  unproject([px, py]) {
    const x = px / degrees, y = -py / degrees;
    let t = y;
    for (let i = 0; i < 12; i++) {
      const t2 = t * t, t6 = t2 * t2 * t2;
      t -= (t * (A[0] + A[1] * t2 + t6 * (A[2] + A[3] * t2)) - y) / (A[0] + 3 * A[1] * t2 + t6 * (7 * A[2] + 9 * A[3] * t2));
    }
    const t2 = t * t, t6 = t2 * t2 * t2;
    return [M * x * (A[0] + 3 * A[1] * t2 + t6 * (7 * A[2] + 9 * A[3] * t2)) / Math.cos(t) * degrees, Math.asin(Math.sin(t) / M) * degrees];
  },
};
const centred = lon => ((lon - 150 + 540) % 360 + 360) % 360 - 180;
let land;

async function map(data, _, echarts) {
  land ??= fetch(new URL('../map/land.json', import.meta.url)).then(answer => answer.json()).then(shape => echarts.registerMap('land', shape));
  await land;
  const most = Math.max(1, ...data.points.map(p => p.count));
  return {
    geo: { map: 'land', projection: equalEarth, roam: false, silent: true, left: 6, right: 6, top: 4, bottom: 4, itemStyle: { areaColor: css('land'), borderColor: css('land-line'), borderWidth: .6 }, emphasis: { disabled: true } },
    tooltip: { trigger: 'item' },
    series: [{
      type: 'scatter', coordinateSystem: 'geo',
      tooltip: { formatter: point => `${echarts.format.encodeHTML(point.name)} · ${point.value[2].toLocaleString('en')}` },
      data: data.points.map(p => ({
        name: p.name, key: p.key, value: [centred(p.lon), p.lat, p.count], symbolSize: 5 + Math.sqrt(p.count / most) * 13,
        itemStyle: { color: css(p.succeeded ? 'sev-critical' : 'seq-4'), opacity: p.succeeded ? .9 : .62, borderColor: css(p.succeeded ? 'sev-critical' : 'seq-5'), borderWidth: 1 },
      })),
    }],
  };
}
