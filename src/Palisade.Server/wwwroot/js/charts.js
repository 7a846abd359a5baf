// Draws figures with ECharts in the colours of the tokens; drawn anew whenever the theme changes, by whomever.
const css = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
const charts = new Map();
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
      if (entry.kind === 'trend' && entry.data) chart.setOption({ xAxis: { axisLabel: { interval: spacing(entry.data.labels, chart.getWidth()) } } });
    });
    observer.observe(element);
    entry = { chart, observer };
    charts.set(element, entry);
    chart.on('click', event => entry.owner?.invokeMethodAsync('PickedAsync', String(event.data?.key ?? event.seriesId ?? '')));
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
  const option = entry.kind === 'map' ? await map(echarts, entry.data) : trend(entry.data, entry.chart.getWidth());
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
  const label = { color: css('chart-label'), fontSize: 11 };
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
    xAxis: { type: 'category', data: data.labels, axisLine: { show: true, lineStyle: { color: css('chart-axis') } }, axisTick: { show: false }, axisLabel: { ...label, hideOverlap: true, interval: spacing(data.labels, width) } },
    yAxis: { type: 'value', minInterval: 1, axisLine: { show: false }, axisTick: { show: false }, axisLabel: { ...label, formatter: value => short(value, zh) }, splitLine: { lineStyle: { color: css('chart-grid') } }, splitNumber: 3 },
    series,
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

async function map(echarts, data) {
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
