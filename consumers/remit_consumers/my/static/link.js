// Reads the link's token from the fragment, which no server sees, takes it out of the address, and sends it by the form.
const form = document.getElementById("enter");
const token = location.hash.slice(1);
if (form && token) {
  history.replaceState(null, "", location.pathname + location.search);
  form.elements.token.value = token;
  form.submit();
}
