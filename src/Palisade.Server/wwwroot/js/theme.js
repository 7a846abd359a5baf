// Runs before the first paint: the person's theme, or the system's.
(() => {
  const read = key => { try { return localStorage.getItem(key); } catch { return null; } };
  const light = matchMedia('(prefers-color-scheme: light)');
  const apply = () => {
    const wanted = read('palisade.theme');
    document.documentElement.dataset.theme = wanted === 'light' || wanted === 'dark' ? wanted : light.matches ? 'light' : 'dark';
    const density = read('palisade.density');
    if (density) document.documentElement.dataset.density = density;
  };
  apply();
  light.addEventListener('change', apply);
})();
