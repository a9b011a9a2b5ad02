// Sets the theme that was chosen before the page is shown. Without one, the browser's setting holds.
try {
  const theme = localStorage.getItem("searchkit-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* storage may be switched off */ }
document.documentElement.classList.add("script");
