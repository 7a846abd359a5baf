// The console's one listener in the browser: theme, language, copying, menus, keys. Pages stay in charge of what a key means.
const root = document.documentElement;
const keep = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode: the choice lasts for this page */ } };
const typing = target => target instanceof Element && target.closest('input, textarea, select, [contenteditable]');

addEventListener('click', event => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  if (target.closest('[data-theme-toggle]')) {
    root.dataset.theme = root.dataset.theme === 'light' ? 'dark' : 'light';
    keep('palisade.theme', root.dataset.theme);
  }
  const language = target.closest('[data-language]');
  if (language) {
    document.cookie = `palisade.language=${language.dataset.language}; path=/; max-age=31536000; samesite=lax`;
    location.reload();
  }
  const copy = target.closest('[data-copy]');
  if (copy) copyText(copy);
  const reveal = target.closest('[data-reveal]');
  if (reveal) {
    const field = document.getElementById(reveal.dataset.reveal);
    if (field) field.type = field.type === 'password' ? 'text' : 'password';
  }
  if (target.closest('[data-keys-help]')) document.getElementById('keys-help')?.showModal();
  if (target instanceof HTMLDialogElement) target.close();
  const inside = target.closest('details.menu');
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (menu !== inside || target.closest('.menu-list a, .menu-list button')) menu.open = false;
  }
  if (target.id === 'palisade-reconnect') location.reload();
});

async function copyText(button) {
  const word = button.querySelector('span');
  const before = word?.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // No clipboard without TLS: select the text instead, so that Ctrl+C works.
    const code = button.parentElement?.querySelector('pre, code, input');
    if (code) getSelection()?.selectAllChildren(code);
    return;
  }
  if (!word || word.textContent === button.dataset.copied) return;
  word.textContent = button.dataset.copied;
  setTimeout(() => { word.textContent = before; }, 1600);
}

let leader = 0;
addEventListener('keydown', event => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') {
    const open = document.querySelector('details.menu[open]');
    if (open) { open.open = false; open.querySelector('summary')?.focus(); return; }
    if (typing(event.target)) { event.target.blur(); return; }
  }
  if (typing(event.target) || document.querySelector('.mud-dialog, dialog[open]')) return;
  if (performance.now() - leader < 1000 && leader) {
    leader = 0;
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); return; }
  }
  if (event.key === '?') { event.preventDefault(); document.getElementById('keys-help')?.showModal(); return; }
  if (event.key === 'g') { leader = performance.now(); return; }
  if (event.key === '/') {
    const field = document.getElementById('search') ?? document.getElementById('jump');
    if (field) { event.preventDefault(); field.focus(); field.select(); }
    return;
  }
  if (event.key === 'j' || event.key === 'k') { move(event); return; }
  if (event.key === 'Enter' && event.target.closest?.('a, button, summary')) return;
  const act = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (act && !act.disabled) { event.preventDefault(); act.click(); }
});

// Rows move in the browser, so that a slow circuit never eats a key press; where the panel is open, the row opens too.
function move(event) {
  const rows = [...document.querySelectorAll('[data-row]')];
  if (rows.length === 0) return;
  event.preventDefault();
  const now = rows.findIndex(row => row === document.activeElement || row.getAttribute('aria-current') === 'true');
  const next = rows[Math.min(rows.length - 1, Math.max(0, now < 0 ? 0 : now + (event.key === 'j' ? 1 : -1)))];
  next.focus();
  next.scrollIntoView({ block: 'nearest' });
  if (document.querySelector('[data-panel]')) next.click();
}

// The page stays where it is when the circuit is lost; a reload gives the same view, because the address is the state.
new MutationObserver(() => {
  const bar = document.getElementById('components-reconnect-modal');
  const lost = bar && ['components-reconnect-show', 'components-reconnect-failed', 'components-reconnect-rejected', 'components-reconnect-retrying'].some(c => bar.classList.contains(c));
  root.toggleAttribute('data-offline', Boolean(lost));
  if (bar?.classList.contains('components-reconnect-rejected')) location.reload();
}).observe(document.getElementById('components-reconnect-modal') ?? document.body, { attributes: true, attributeFilter: ['class'] });

// A refused sign-in does not ask for the e-mail again.
const email = document.getElementById('email');
if (email instanceof HTMLInputElement) {
  email.form?.addEventListener('submit', () => { try { sessionStorage.setItem('palisade.email', email.value); } catch { /* private mode: it is typed again */ } });
  if (document.querySelector('[role=alert]') && !email.value) {
    try { email.value = sessionStorage.getItem('palisade.email') ?? ''; } catch { /* private mode */ }
    if (email.value) document.getElementById('password')?.focus();
  }
}
