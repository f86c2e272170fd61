// Buttons above the table of claims show those with one verdict alone. Without them all is shown.
(function () {
  var box = document.querySelector(".claims .scroll");
  if (!box) return;
  var rows = Array.from(box.querySelectorAll("tbody tr"));
  var verdict = function (row) { return row.lastElementChild.textContent.trim() };
  var counts = {};
  rows.forEach(function (row) { counts[verdict(row)] = (counts[verdict(row)] || 0) + 1 });
  var group = document.createElement("div");
  group.className = "filter";
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Show claims by verdict");
  ["all"].concat(Object.keys(counts)).forEach(function (word) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = word + " (" + (counts[word] || rows.length) + ")";
    button.setAttribute("aria-pressed", String(word === "all"));
    button.addEventListener("click", function () {
      rows.forEach(function (row) { row.hidden = word !== "all" && verdict(row) !== word });
      group.querySelectorAll("button").forEach(function (other) { other.setAttribute("aria-pressed", String(other === button)) });
    });
    group.appendChild(button);
  });
  box.parentNode.insertBefore(group, box);
})();
