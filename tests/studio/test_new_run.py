"""A new run is put together: what data, which network, how it trains; then it is handed in."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from driving import until, wait
from harstudio.errors import UsageError
from harstudio.labels.editing.edits import AddClip, AddTier
from harstudio.labels.model import Clip
from harstudio.labels.project import Project
from harstudio.learning.jobs import describe_card
from harstudio.networks import list_networks, network_card
from harstudio.runs import config as configs
from harstudio.settings import Settings
from harstudio.studio.evaluation.findings import FUSED
from harstudio.studio.evaluation.view import EvaluationView
from harstudio.studio.session import Session
from harstudio.studio.training.new_run import NewRunDialog
from harstudio.studio.training.new_run_draft import Draft, data_choices
from harstudio.studio.training.new_run_network import citation
from harstudio.studio.training.new_run_settings import TITLES, input_figures
from harstudio.studio.training.new_run_time import span, time_sentences
from made_runs import write_run
from small_dataset import write_dataset
from studio.handed_in import HandedIn
from studio.label_bench import write_document

SURVEY: dict[str, Any] = {
    "classes": [
        {"name": "wave", "train": 12, "validation": 4, "test": 16},
        {"name": "clap", "train": 6, "validation": 2, "test": 8},
        {"name": "throw", "train": 0, "validation": 0, "test": 4},
    ],
    "kinds": ["depth", "skeleton"],
    "topology": "utd_mhad_20",
    "subjects": {"train": [1, 3], "validation": [5], "test": [2, 4]},
    "problems": ["a5_s3_t2: the skeleton has fewer frames than the depth."],
    "cards": [
        {
            "name": "colour-net", "title": "Colour net", "paper": "On colour", "authors": "A. B.",
            "year": 2020, "branches": {"picture": ["color"]},
            "stages": [{"name": "all", "epochs": 5}], "batch_size": 8, "preprocessing": {},
        },
        {
            "name": "st-gcn", "title": "ST-GCN", "paper": "On graphs", "authors": "S. Yan",
            "year": 2018, "branches": {"skeleton": ["skeleton"]},
            "stages": [{"name": "joints", "epochs": 80}], "batch_size": 64,
            "preprocessing": {"skeleton": {"frames": 300, "bodies": 2}},
        },
        {
            "name": "mmff-lite", "title": "MMFF, light", "paper": "On fusion", "authors": "X. Zhu",
            "year": 2022,
            "branches": {"skeleton": ["skeleton"], "picture": ["color", "depth", "infrared"]},
            "stages": [{"name": "skeleton", "epochs": 30}, {"name": "fusion", "epochs": 20}],
            "batch_size": 32, "preprocessing": {"skeleton": {"frames": 64, "bodies": 2}},
        },
    ],
}  # fmt: skip


@pytest.fixture
def session(qtbot) -> Any:
    made = Session(Settings(annotator="alice"))
    yield made
    made.jobs.close()
    made.close()
    made.deleteLater()


@pytest.fixture
def fresh(qtbot, session, tmp_path, monkeypatch) -> Any:
    """The dialog on a dataset folder that is being surveyed; the test answers its jobs."""
    data = tmp_path / "trials"
    data.mkdir()
    session.settings.remember(data)
    made = NewRunDialog(session, lambda: tmp_path / "runs")
    made.handed_in = HandedIn(session, monkeypatch)
    qtbot.addWidget(made)
    made.present()
    qtbot.waitExposed(made)
    yield made
    made.done(0)


@pytest.fixture
def dialog(fresh) -> NewRunDialog:
    """The dialog once the data was surveyed."""
    fresh.handed_in.answer("survey", SURVEY)
    return fresh


def wait_for_survey(dialog: NewRunDialog, before: int) -> dict[str, Any]:
    """The payload of the next survey."""
    until(lambda: dialog.handed_in.count("survey") > before)
    return dialog.handed_in.last("survey").payload


# ---- the draft


def test_a_draft_keeps_only_what_differs_from_the_paper() -> None:
    draft = Draft()
    draft.set("training.stage.joints.epochs", 3)
    draft.set("data.modalities", ["depth", "skeleton"])
    assert draft.get("training.stage.joints.epochs") == 3
    assert 'modalities = ["depth", "skeleton"]' in draft.text()
    draft.set("training.stage.joints.epochs", None)
    assert draft.config == {"data": {"modalities": ["depth", "skeleton"]}}
    draft.read(draft.text() + "\n[network]\nname = 'st-gcn'\n")
    assert draft.get("network.name") == "st-gcn"
    with pytest.raises(UsageError, match="line 2"):
        draft.read("[network]\n= 3")
    assert draft.get("network.name") == "st-gcn"


def test_another_network_takes_its_own_settings() -> None:
    draft = Draft()
    draft.take_survey(SURVEY)
    assert draft.get("network.name") == "st-gcn"  # the first whose needs the data meets
    draft.set("preprocessing.skeleton.frames", 64)
    draft.set("training.seed", 7)
    draft.set("training.batch_size", 4)
    draft.choose_network("mmff-lite")
    assert draft.config["network"] == {"name": "mmff-lite"}
    assert draft.get("data.modalities") == ["skeleton", "depth"]  # no colour in this data
    assert draft.config["training"] == {"seed": 7}
    assert "preprocessing" not in draft.config


def test_one_modality_is_not_fed_to_two_inputs() -> None:
    both = ["color", "infrared", "depth"], ["depth", "infrared", "color"]
    card = {"name": "two", "branches": dict(zip(("visual", "depth"), both, strict=True))}
    draft = Draft()
    draft.take_survey(SURVEY | {"kinds": ["depth", "skeleton"], "cards": [card]})
    assert draft.missing(card) == ["second depth or infrared or colour"]
    draft.take_survey(SURVEY | {"kinds": ["depth", "infrared"], "cards": [card]})
    assert draft.missing(card) == []
    assert draft.missing({"branches": {"joints": ["skeleton"]}}) == ["skeleton"]


def test_names_are_free_and_follow_network_and_data(tmp_path) -> None:
    draft = Draft()
    draft.set("data.path", str(tmp_path / "UTD MHAD"))
    draft.set("network.name", "st-gcn")
    assert draft.free_name(tmp_path) == "st-gcn-utd-mhad"
    write_run(tmp_path / "st-gcn-utd-mhad")
    assert draft.free_name(tmp_path) == "st-gcn-utd-mhad-2"
    draft.name_run(tmp_path)
    draft.hand_in()
    assert Path(draft.get("run.folder")).name == "st-gcn-utd-mhad-3"
    draft.name_run(tmp_path, "mine")
    draft.name_run(tmp_path)  # what the person wrote stays
    assert Path(draft.get("run.folder")).name == "mine"


# ---- data


def test_shows_how_many_clips_each_class_has_and_which_are_thin(dialog) -> None:
    data = dialog.data
    assert [(r.name, r.train, r.thin) for r in data.counts.counts.rows] == [
        ("wave", 12, False), ("clap", 6, True), ("throw", 0, True),
    ]  # fmt: skip
    assert data.thin.text() == "2 of 3 classes have fewer than 10 clips to train on."
    assert data.people.text() == "People 1, 3 train; person 5 validates; people 2, 4 test."
    assert data.problems.text() == SURVEY["problems"][0]
    assert data.about.text() == (
        "3 classes; 18 clips train, 6 validate, 28 test. Recordings have depth, skeleton."
    )


def test_another_protocol_is_surveyed_again(dialog) -> None:
    before = dialog.handed_in.count("survey")
    row = dialog.data.protocol.findData("leave-one-subject-out")
    dialog.data.protocol.setCurrentIndex(row)
    dialog.data.protocol.activated.emit(row)
    assert wait_for_survey(dialog, before)["protocol"] == "leave-one-subject-out:1"
    assert not dialog.start_button.isEnabled()  # until the answer is there
    dialog.handed_in.answer("survey", SURVEY)
    dialog.data.numbers[0].setValue(4)
    dialog.data.validation.setValue(2)
    payload = wait_for_survey(dialog, before + 1)
    assert payload["protocol"] == "leave-one-subject-out:4"
    assert payload["validation_subjects"] == 2
    assert not dialog.data.numbers[1].isVisible()


def test_a_protocol_that_takes_a_list_has_a_field_for_it(dialog) -> None:
    before = dialog.handed_in.count("survey")
    assert not dialog.data.listed.isVisible()
    row = dialog.data.protocol.findData("test-subjects")
    dialog.data.protocol.setCurrentIndex(row)
    dialog.data.protocol.activated.emit(row)
    assert wait_for_survey(dialog, before)["protocol"] == "test-subjects:2"
    dialog.handed_in.answer("survey", SURVEY)
    assert dialog.data.listed.isVisible()
    dialog.data.listed.setFocus()
    QTest.keyClicks(dialog.data.listed, ",4")
    assert wait_for_survey(dialog, before + 1)["protocol"] == "test-subjects:2,4"
    dialog.handed_in.answer("survey", SURVEY)
    assert dialog.data.listed.text() == "2,4"
    row = dialog.data.protocol.findData("setting-2")
    dialog.data.protocol.setCurrentIndex(row)
    dialog.data.protocol.activated.emit(row)
    assert wait_for_survey(dialog, before + 2)["protocol"] == "setting-2:0"
    assert not dialog.data.listed.isVisible()


def test_data_that_was_never_looked_at_asks_for_other_data(fresh) -> None:
    assert fresh.network.about.text().startswith("They are listed once")
    assert fresh.said.text() == ""
    fresh.handed_in.answer("survey", error="There are no recordings in trials.")
    assert fresh.network.about.text().startswith("None can be listed")
    assert fresh.said.text() == "Choose other data or another protocol."
    fresh.draft.set("data.protocol", "all")
    wait(20)
    assert fresh.network.about.text().startswith("They are listed once")
    assert fresh.said.text() == ""
    fresh.handed_in.answer("survey", SURVEY)
    assert "On graphs" in fresh.network.about.text()
    assert fresh.said.text() == ""


def test_data_that_cannot_be_used_says_why_beside_it(dialog) -> None:
    dialog.draft.set("data.protocol", "cross-view")
    wait(20)
    dialog.handed_in.answer("survey", error="No recording has a view. Choose another protocol.")
    assert dialog.data.about.text() == "No recording has a view. Choose another protocol."
    assert dialog.data.counts.counts.rows == []
    assert dialog.network.cards.rows  # those of the survey before
    assert not dialog.start_button.isEnabled()
    assert not dialog.check_button.isEnabled()
    dialog.draft.set("data.protocol", None)
    wait(20)
    dialog.handed_in.answer("survey", SURVEY)
    assert dialog.start_button.isEnabled()


def test_progress_of_the_survey_is_told(dialog) -> None:
    dialog.draft.set("data.protocol", "all")
    wait(20)
    dialog.handed_in.progress("survey", 30, 861, "Looking at the data, 30 of 861")
    assert dialog.data.about.text() == "Looking at the data, 30 of 861…"


def test_what_is_open_is_offered_first(tmp_path, session) -> None:
    project = Project.create(tmp_path / "mine", "Kitchen")
    session.project, session.folder = project, project.folder
    assert [c.title for c in data_choices(session)] == ["Kitchen, its labels"]
    session.folder = tmp_path / "trials"  # a dataset, whose labels go to a private project
    assert [c.title for c in data_choices(session)] == ["trials, actions by file names"]
    write_document(project, "one", "alice", [Clip(0, 10, "wave")])
    (tmp_path / "lately").mkdir()
    session.settings.remember(tmp_path / "lately")
    assert [c.title for c in data_choices(session)] == [
        "trials, actions by file names", "trials, labels made here",
        "lately, actions by file names",
    ]  # fmt: skip
    session.project = session.folder = None


# ---- network and settings


def test_cards_say_what_is_missing(dialog) -> None:
    cards = dialog.network.cards
    assert cards.texts(2)[2:] == ("needs colour: not in this data", False)  # what fits comes first
    assert cards.texts(1)[2:] == ("sees skeleton + colour or depth or infrared", True)
    assert dialog.draft.missing(SURVEY["cards"][2]) == []
    dialog.draft.survey = SURVEY | {"kinds": ["skeleton"]}
    assert dialog.draft.missing(SURVEY["cards"][2]) == ["colour or depth or infrared"]
    dialog.draft.survey = SURVEY
    dialog.network.list.setFocus()
    QTest.keyClick(dialog.network.list, Qt.Key.Key_Down)
    assert dialog.draft.get("network.name") == "mmff-lite"
    field = dialog.network.fields["picture"]
    assert [field.itemText(k) for k in range(field.count())] == [
        "colour (not in this data)", "depth", "infrared (not in this data)",
    ]  # fmt: skip
    assert field.currentText() == "depth"
    assert list(dialog.settings.spins)[:2] == [
        "training.stage.skeleton.epochs", "training.stage.fusion.epochs",
    ]  # fmt: skip


def test_settings_are_written_only_where_they_differ_from_the_paper(dialog) -> None:
    spins = dialog.settings.spins
    assert spins["training.stage.joints.epochs"].value() == 80
    spins["training.stage.joints.epochs"].setValue(3)
    spins["preprocessing.skeleton.frames"].setValue(64)
    assert dialog.draft.config["training"] == {"stage": {"joints": {"epochs": 3}}}
    assert dialog.draft.config["preprocessing"] == {"skeleton": {"frames": 64}}
    spins["training.stage.joints.epochs"].setValue(80)
    assert "training" not in dialog.draft.config


def test_choices_are_written_where_they_are_not_the_first(dialog) -> None:
    boxes = dialog.settings.choices.boxes
    assert {box.currentIndex() for box in boxes.values()} == {0}
    for key, row in (("training.class_weights", 1), ("training.ema", 2), ("training.device", 1)):
        boxes[key].setCurrentIndex(row)
        boxes[key].activated.emit(row)
    written = {"class_weights": "balanced", "ema": 0.999, "device": "cpu"}
    assert dialog.draft.config["training"] == written
    dialog.draft.set("training.ema", 0.5)  # as somebody wrote it
    assert boxes["training.ema"].currentText() == "0.5"
    for key in written:
        boxes[f"training.{key}"].setCurrentIndex(0)
        boxes[f"training.{key}"].activated.emit(0)
    assert "training" not in dialog.draft.config
    assert boxes["training.ema"].count() == 3
    dialog.settings.spins["training.patience"].setValue(4)
    assert dialog.draft.config["training"] == {"patience": 4}


def test_the_text_and_the_fields_are_one(dialog, qtbot) -> None:
    settings = dialog.settings
    settings.more.click()
    assert 'name = "st-gcn"' in settings.text.toPlainText()
    qtbot.waitUntil(settings.text.hasFocus)
    settings.text.setPlainText(dialog.draft.text() + "\n[training]\nbatch_size = 8\n")
    assert settings.settle()
    assert settings.spins["training.batch_size"].value() == 8
    settings.text.setPlainText("[training")
    assert not settings.settle()
    assert settings.text_problem.isVisible()
    assert not dialog.start_button.isEnabled()
    QTest.keyClick(settings.text, Qt.Key.Key_Return)  # a line of text, not a start
    assert dialog.handed_in.count("train") == 0


def write(dialog: NewRunDialog, text: str) -> None:
    """As a person writes the config, under the eye of the window."""
    if not dialog.settings.more.isChecked():
        dialog.settings.more.click()
        until(dialog.settings.text.hasFocus)
    dialog.settings.text.setPlainText(text)
    until(lambda: not dialog.settings._patience.isActive())


@pytest.mark.parametrize(
    "odd",
    [
        "training = 3", "run = 1", "data = 'x'", "network = 3", "preprocessing = 3",
        "[data]\npath = '/x'\nmodalities = 3", "[training]\nepochs = 99999999999",
        "[network]\nname = [1]", "[data]\npath = '/x'\nprotocol = 'kfold:99999999999:²'",
        "[training]\nstage = 3", "[data]\npath = 3",
    ],
)  # fmt: skip
def test_values_where_tables_belong_do_no_harm(dialog, odd) -> None:
    before = dialog.draft.text()
    write(dialog, odd)
    wait(20)
    assert dialog.draft.text().split() != before.split()
    if dialog._survey is not None:
        dialog.handed_in.answer("survey", SURVEY)
    dialog.time._counted()
    dialog.draft.choose_network("mmff-lite")
    dialog.draft.set("training.seed", 3)
    assert dialog.draft.get("training.seed") == 3


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("epocs = 3", "There is no key training.epocs. Did you mean epochs?"),
        ("seed = 'x'", "training.seed should be a whole number, not 'x'."),
    ],
)
def test_what_no_config_has_is_told_at_once(dialog, line, told) -> None:
    write(dialog, dialog.draft.text() + f"\n[training]\n{line}\n")
    assert dialog.settings.text_problem.text() == told
    assert not dialog.start_button.isEnabled()


def test_an_option_that_is_not_known_is_the_texts_problem(dialog) -> None:
    write(dialog, dialog.draft.text().replace("[network]", "[network]\ndropuot = 3"))
    told = "st-gcn has no option dropuot. Did you mean dropout?"
    assert dialog.handed_in.last("card").payload == {"name": "st-gcn", "options": {"dropuot": 3}}
    dialog.handed_in.answer("card", error=told, kind="UsageError")
    assert dialog.settings.text_problem.isVisible()
    assert dialog.settings.text_problem.text() == told
    assert dialog.handed_in.last("card").id in dialog.handed_in.removed  # no red job beside it
    buttons = dialog.start_button, dialog.queue_button, dialog.copy_button
    assert not any(button.isEnabled() for button in buttons)
    dialog.settings.more.click()  # the text is out of sight
    dialog.draft.set("training.seed", 5)  # mends nothing
    assert not dialog.start_button.isEnabled()
    assert dialog.said.text() == told
    write(dialog, dialog.draft.text().replace("dropuot = 3", "dropout = 0.1"))
    dialog.handed_in.answer("card", SURVEY["cards"][1])
    assert dialog.settings.text_problem.text() == dialog.said.text() == ""
    assert all(button.isEnabled() for button in buttons)


def test_what_is_lacking_is_said(dialog) -> None:
    text = dialog.draft.text()
    write(dialog, "[network]\nname = 'st-gcn'\n")
    wait(20)
    assert dialog.said.text() == "Choose what to learn from."
    assert dialog.data.counts.counts.rows == []
    write(dialog, text.replace("[network]", "").replace('name = "st-gcn"', ""))
    wait(20)
    dialog.draft.survey = SURVEY  # as if it had been looked at before the network went
    dialog._survey = None
    dialog._enable()
    assert dialog.said.text() == "Choose a network."
    assert not dialog.network.list.currentIndex().isValid()
    assert not dialog.start_button.isEnabled()
    write(dialog, text)
    assert dialog.said.text() == ""


def test_the_hint_is_the_papers_whatever_was_written(dialog) -> None:
    write(dialog, dialog.draft.text() + "\n[training]\nepochs = 3\n")
    key = "training.stage.joints.epochs"
    assert dialog.settings.spins[key].value() == 3
    assert dialog.settings._hints[key].text() == "paper 80"
    dialog.settings.spins[key].setValue(80)
    assert dialog.draft.get(key) == 80
    dialog.settings.spins[key].setValue(3)
    assert dialog.draft.get(key) is None


def test_all_who_labelled_are_offered(dialog, tmp_path) -> None:
    project = Project.create(tmp_path / "kitchen", "Kitchen")
    dialog.draft.set("data.path", str(project.folder))
    wait(20)
    dialog.handed_in.answer("survey", SURVEY | {"annotators": ["alice", "bob", "carol"]})
    box = dialog.data.annotator
    names = [box.itemData(row) for row in range(box.count())]
    assert names == ["", "alice", "bob", "carol"]
    box.activated.emit(2)
    assert dialog.draft.get("data.annotator") == "bob"
    wait(20)
    dialog.handed_in.answer("survey", error="There are no clips of bob here.")
    assert box.findData("carol") > 0  # the way back


def test_a_name_is_shown_as_its_folder_will_be_called(dialog) -> None:
    settings = dialog.settings
    settings.name.setFocus()
    settings.name.selectAll()
    QTest.keyClicks(settings.name, "a b/c")
    assert settings.place.text().startswith("as a b%2Fc in ")
    settings.name.selectAll()
    QTest.keyClick(settings.name, Qt.Key.Key_Backspace)
    assert settings.name_problem.text() == "Give it a name."
    assert settings.name_problem.isVisible()
    assert not dialog.start_button.isEnabled()
    QTest.keyClicks(settings.name, "ab")
    assert settings.place.text().startswith("in ")
    assert not settings.name_problem.isVisible()
    assert dialog.start_button.isEnabled()


# ---- time


def test_the_time_is_measured_once_the_form_stands_still(dialog) -> None:
    until(lambda: dialog.handed_in.count("estimate") == 1, 5)
    dialog.handed_in.answer("estimate", {"seconds_per_epoch": {"joints": 18.2}, "seconds": 1456})
    assert dialog.time.figure.text() == "About 24 min"
    assert "an epoch: joints 18 s" in dialog.time.basis.text()
    dialog.draft.set("training.seed", 5)  # costs no time
    wait(1200)
    assert dialog.handed_in.count("estimate") == 1
    dialog.draft.set("training.batch_size", 2)
    until(lambda: dialog.handed_in.count("estimate") == 2, 5)
    dialog.handed_in.answer("estimate", error="No sample can be read.")
    assert "No sample can be read." in dialog.time.basis.text()
    assert dialog.said.text() == ""
    assert dialog.start_button.isEnabled()  # it is not forbidden to try


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.25, "1.2 s"), (40, "40 s"), (1440, "24 min"), (11400, "3 h 10 min"), (180000, "2 days")],
)
def test_times_are_told_as_people_say_them(seconds, text) -> None:
    assert span(seconds) == text


def test_time_says_what_it_stands_on() -> None:
    result = {"seconds_per_epoch": {"a": 2.0}, "seconds": 30.0, "seconds_to_decode": 16.0}
    figure, basis = time_sentences(result, "CPU, 1 thread")
    assert figure == "About 30 s"
    assert basis == (
        "measured on a few steps on CPU, 1 thread; an epoch: a 2.0 s; reading the data once 16 s"
    )


# ---- doing


def test_enter_starts_and_the_config_is_one_that_training_takes(dialog, tmp_path) -> None:
    records = []
    dialog.started.connect(records.append)
    dialog.settings.spins["training.stage.joints.epochs"].setValue(3)
    dialog.network.list.setFocus()
    QTest.keyClick(dialog.network.list, Qt.Key.Key_Return)
    assert not dialog.isVisible()
    asked = dialog.handed_in.last("train")
    assert records == [asked]
    assert (asked.lane, asked.title) == ("long", "Train st-gcn-trials")
    assert asked.payload["resume"] is False
    config = configs.parse(asked.payload["config"], base=Path("/"))
    assert config.training.stage["joints"].epochs == 3
    assert config.run.folder == str(tmp_path / "runs" / "st-gcn-trials")


def test_adding_to_the_queue_stays_and_names_the_next(dialog) -> None:
    dialog.queue_button.click()
    dialog.settings.spins["training.seed"].setValue(1)
    dialog.queue_button.click()
    assert dialog.isVisible()
    folders = [
        Path(r.payload["config"]["run"]["folder"]).name
        for r in dialog.handed_in.records
        if r.job.endswith(":train")
    ]
    assert folders == ["st-gcn-trials", "st-gcn-trials-2"]
    assert dialog.said.text().startswith("Train st-gcn-trials-2")
    assert dialog.settings.name.text() == "st-gcn-trials-3"


def test_a_name_that_is_taken_is_said_beside_it(dialog, tmp_path) -> None:
    write_run(tmp_path / "runs" / "old")
    dialog.settings.name.setText("old")
    dialog.settings.name.textEdited.emit("old")
    assert dialog.settings.name_problem.isVisible()
    assert not dialog.start_button.isEnabled()
    dialog.settings.name.textEdited.emit("new")
    assert dialog.start_button.isEnabled()


def test_the_copied_command_names_a_config_that_loads(dialog, tmp_path) -> None:
    dialog.copy_button.click()
    program, train, file = shlex.split(QApplication.clipboard().text())
    assert (program, train) == ("harstudio", "train")
    config = configs.load(Path(file))
    assert config.network.name == "st-gcn"
    assert config.run.folder == str(tmp_path / "runs" / "st-gcn-trials")
    assert dialog.settings.name.text() == "st-gcn-trials-2"  # the command has the other one
    dialog.settings.spins["training.seed"].setValue(9)
    dialog.copy_button.click()  # the first one is kept
    other = shlex.split(QApplication.clipboard().text())[2]
    assert other != file
    assert configs.load(Path(other)).training.seed == 9


def test_escape_closes_and_it_comes_back_as_it_was(dialog) -> None:
    dialog.settings.spins["training.seed"].setValue(4)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    dialog.present()
    assert dialog.settings.spins["training.seed"].value() == 4
    assert dialog.handed_in.count("survey") == 1  # nothing changed: no second look


def test_a_project_is_looked_at_again_because_labels_may_have_been_made(dialog, tmp_path) -> None:
    project = Project.create(tmp_path / "kitchen", "Kitchen")
    dialog.draft.set("data.path", str(project.folder))
    wait(20)
    dialog.handed_in.answer("survey", SURVEY)
    before = dialog.handed_in.count("survey")
    dialog.reject()
    dialog.present()
    assert dialog.handed_in.count("survey") == before + 1


def test_every_field_is_reached_by_tab(dialog) -> None:
    dialog.network.list.setFocus()
    choices = dialog.settings.choices
    boxes = [choices.boxes[key] for key in choices.fitting(dialog.draft.card)]
    assert "training.modality_dropout" not in choices.fitting(dialog.draft.card)  # one stream
    seen: list[Any] = []
    for _ in range(50):
        seen.append(QApplication.focusWidget())
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    wanted = [dialog.data.data, dialog.data.protocol, dialog.data.validation, dialog.network.list,
              *dialog.settings.spins.values(), *boxes, dialog.settings.name,
              dialog.start_button, dialog.queue_button, dialog.check_button]  # fmt: skip
    assert [w.accessibleName() or w.text() for w in wanted if w not in seen] == []
    asked = [dialog.network.list, dialog.settings.more, *dialog.settings.spins.values(),
             *boxes, dialog.settings.name, dialog.check_button]  # fmt: skip
    assert seen[: len(asked)] == asked


# ---- options of networks

MIXER: dict[str, Any] = {
    "name": "m-mixer", "title": "M-Mixer", "paper": "On mixing", "authors": "S. Lee", "year": 2023,
    "branches": {"depth": ["depth", "infrared"], "rgb": ["color", "depth"]},
    "stages": [{"name": "all", "epochs": 30}], "batch_size": 8,
    "preprocessing": {"depth": {"kind": "clip", "frames": 32, "size": 224},
                      "rgb": {"kind": "clip", "frames": 32, "size": 224}},
    "options": {
        "modalities": {"title": "Modalities", "default": "rgb+depth", "help": "What it sees.",
                       "choices": ["rgb+depth", "depth+ir", "depth"]},
        "mixing": {"title": "Mixing", "default": True, "help": "Whether streams mix.",
                   "choices": [True, False]},
        "units": {"title": "Units", "default": 512, "help": "Width.", "choices": []},
        "dropout": {"title": "Dropout", "default": 0.5, "help": "Share dropped.", "choices": []},
        "exposure": {"title": "Seen since", "default": "all", "help": "Since when.",
                     "choices": ["all", "last"]},
    },
}  # fmt: skip
DEPTH_ALONE = MIXER | {
    "branches": {"depth": ["depth", "infrared"]},
    "preprocessing": {"depth": {"kind": "clip", "frames": 32, "size": 224}},
    "chosen": {"modalities": "depth"},
}


@pytest.fixture
def mixer(dialog) -> NewRunDialog:
    """M-Mixer, which this data can feed with depth alone."""
    dialog.draft.take_survey(SURVEY | {"cards": [*SURVEY["cards"], DEPTH_ALONE]})
    dialog.draft.choose_network("m-mixer")
    return dialog


def pick(field: Any, words: str) -> None:
    """As a hand does."""
    row = field.findText(words)
    field.setCurrentIndex(row)
    field.activated.emit(row)


def test_a_network_is_made_for_what_the_data_has(mixer) -> None:
    assert mixer.draft.config["network"] == {"name": "m-mixer", "modalities": "depth"}
    assert mixer.draft.get("data.modalities") == ["depth"]
    assert mixer.handed_in.count("card") == 0  # the survey told it
    assert mixer.network.options.fields["modalities"].currentText() == "depth"
    assert mixer.start_button.isEnabled()


def test_options_are_fields_with_their_papers_values(mixer) -> None:
    fields = mixer.network.options.fields
    assert list(fields) == ["modalities", "mixing", "units", "dropout", "exposure"]
    assert fields["mixing"].currentText() == "yes"
    assert fields["units"].value() == 512
    assert fields["dropout"].text() == "0.5"
    assert fields["exposure"].toolTip() == "Since when.\npaper: all"
    for name, do, written in (
        ("mixing", lambda: pick(fields["mixing"], "no"), False),
        ("units", lambda: fields["units"].setValue(64), 64),
        ("exposure", lambda: pick(fields["exposure"], "last"), "last"),
    ):
        do()
        assert mixer.draft.get(f"network.{name}") is written or (
            mixer.draft.get(f"network.{name}") == written
        )
    for typed, kept in (("0.25", 0.25), ("a lot", 0.25)):
        fields["dropout"].setText(typed)
        fields["dropout"].editingFinished.emit()
        assert mixer.draft.get("network.dropout") == kept
    assert fields["dropout"].text() == "0.25"
    pick(fields["mixing"], "yes")  # the default is not written
    assert "mixing" not in mixer.draft.config["network"]


def test_options_are_called_by_their_titles_and_told_to_who_comes_by_keys(mixer) -> None:
    options, about = mixer.network.options, mixer.network.about
    labels = [label.text() for label in options.findChildren(QLabel) if label.buddy()]
    assert labels == ["Modalities", "Mixing", "Units", "Dropout", "Seen since"]
    cited = about.text()
    assert "On mixing" in cited
    options.fields["exposure"].setFocus()
    assert about.text() == "Since when. In the paper: all"
    assert options.fields["exposure"].accessibleName() == "Seen since"
    pick(options.fields["exposure"], "last")
    mixer.handed_in.answer("card", MIXER | {"authors": "T. Lee"})
    assert about.text() == "Since when. In the paper: all"  # it still has the focus
    mixer.network.list.setFocus()
    assert about.text() == cited.replace("S. Lee", "T. Lee")


def test_no_option_is_called_like_another_or_like_a_figure_of_training() -> None:
    for name in list_networks():
        options = describe_card(network_card(name))["options"]
        titles = [option["title"] for option in options.values()]
        assert len(set(titles)) == len(titles), name
        assert not set(titles) & {*TITLES.values(), "Epochs", "Batch size", "Seed"}, name
    assert network_card("cc-dfarm").options["tiam_layout"].titled("tiam_layout") == "TIAM layout"
    assert network_card("st-gcn").options["dropout"].titled("dropout") == "Dropout"


def test_what_a_network_shows_is_cited_once_whatever_its_layers() -> None:
    shown = ("depth looks at color, layer 1", "depth looks at color, layer 2", "Grad-CAM color")
    cited = citation({"authors": "A. B.", "paper": "On", "year": 2020, "explains": shown})
    assert cited == "A. B.: On, 2020. Can show: depth looks at colour, Grad-CAM colour."


def test_no_words_make_the_dialog_wider(mixer) -> None:
    """Those of a time that was measured, nor those of a config that cannot be trained."""
    for text in ("measured on a few steps; an epoch: " + "a stage 12 s, " * 20, "a reason " * 60):
        mixer.time._show("About 2 days", text)
        mixer.said.setText(text)
        wait(20)
        assert mixer.minimumSizeHint().width() <= 1200


def test_another_option_asks_for_the_card_that_it_makes(mixer) -> None:
    fields = mixer.network.options.fields
    pick(fields["modalities"], "depth+ir")
    assert mixer.said.text().startswith("Looking at the network")
    assert not mixer.start_button.isEnabled()
    asked = mixer.handed_in.last("card").payload
    assert asked == {"name": "m-mixer", "options": {"modalities": "depth+ir"}}
    both = MIXER | {"branches": {"depth": ["depth"], "ir": ["infrared", "depth"]}}
    mixer.handed_in.answer("card", both)
    assert mixer.draft.card["branches"] == both["branches"]
    assert mixer.draft.get("data.modalities") == ["depth", "depth"]  # nothing else is there
    assert list(mixer.network.fields) == ["ir"]
    assert mixer.start_button.isEnabled()
    assert mixer.said.text() == ""
    pick(fields["modalities"], "depth")
    assert mixer.handed_in.count("card") == 1  # known from the survey
    assert mixer.draft.get("data.modalities") == ["depth"]
    pick(fields["modalities"], "depth+ir")
    assert mixer.handed_in.count("card") == 1  # and from before


def test_an_answer_that_comes_too_late_is_kept_and_not_shown(mixer) -> None:
    fields = mixer.network.options.fields
    pick(fields["exposure"], "last")
    late = mixer.handed_in.last("card")
    mixer.draft.choose_network("st-gcn")
    assert late.id in mixer.handed_in.removed
    assert mixer.draft.card["name"] == "st-gcn"
    assert mixer.start_button.isEnabled()


def test_other_data_make_the_network_otherwise(mixer) -> None:
    """Only where nobody has chosen an option."""
    whole = {**MIXER, "chosen": {}}
    more = SURVEY | {"kinds": ["color", "depth", "skeleton"], "cards": [*SURVEY["cards"], whole]}
    mixer.draft.take_survey(more)
    assert mixer.draft.config["network"] == {"name": "m-mixer"}
    assert mixer.draft.get("data.modalities") == ["depth", "color"]
    mixer.draft.set("network.units", 64)
    mixer.draft.take_survey(SURVEY | {"cards": [*SURVEY["cards"], DEPTH_ALONE]})
    assert mixer.draft.config["network"] == {"name": "m-mixer", "units": 64}


def test_figures_of_all_inputs_are_named_after_them() -> None:
    tables = MIXER["preprocessing"] | {"skeleton": {"frames": 64, "bodies": 2, "fit": "repeat"}}
    assert input_figures(tables) == [
        ("preprocessing.depth.frames", "Frames, depth", 32, 1),
        ("preprocessing.depth.size", "Pixels, depth", 224, 1),
        ("preprocessing.rgb.frames", "Frames, rgb", 32, 1),
        ("preprocessing.rgb.size", "Pixels, rgb", 224, 1),
        ("preprocessing.skeleton.frames", "Frames, skeleton", 64, 1),
        ("preprocessing.skeleton.bodies", "Bodies", 2, 1),
    ]


# ---- with a real worker


@pytest.fixture
def labelled(qtbot, session, tmp_path) -> Session:
    """A project of small trials; alice has just labelled two of them."""
    trials = write_dataset(tmp_path / "trials")
    project = Project.create(tmp_path / "kitchen", "Kitchen", recording_folders=[trials])
    for name, label in (("a1_s1_t1", "wave"), ("a2_s2_t1", "clap")):
        with qtbot.waitSignal(session.history_changed, timeout=10_000):
            session.open(project.folder)
        path = next(p for p in session.project.recordings() if p.name.startswith(name))
        if session.recording.path != path:
            with qtbot.waitSignal(session.history_changed, timeout=10_000):
                session.open_recording(path)
        session.history.do(AddTier("alice"))
        clip = Clip(session.transport.start_ns, session.transport.stop_ns, label)
        session.history.do(AddClip("alice", clip))
    return session


def test_labels_just_made_are_learned(labelled, qtbot, tmp_path) -> None:
    assert labelled.history.unsaved
    dialog = NewRunDialog(labelled, lambda: tmp_path / "runs")
    qtbot.addWidget(dialog)
    dialog.present()
    assert dialog.data.data.currentText() == "Kitchen, its labels"
    until(lambda: dialog.draft.counts, 60, "the survey")
    assert [(c.name, c.train, c.test) for c in dialog.draft.counts] == [
        ("clap", 0, 1), ("wave", 1, 0),
    ]  # fmt: skip
    assert "st-gcn" in [card["name"] for card in dialog.draft.cards]
    assert dialog.start_button.isEnabled()
    dialog.done(0)


@pytest.mark.slow
def test_from_the_dialog_to_a_clip_of_the_evaluation(qtbot, session, tmp_path) -> None:
    trials = write_dataset(tmp_path / "trials")
    session.settings.remember(trials)
    dialog = NewRunDialog(session, lambda: tmp_path / "runs")
    evaluation = EvaluationView(session)
    for widget in (dialog, evaluation):
        qtbot.addWidget(widget)
    dialog.present()
    until(lambda: dialog.draft.counts, 60, "the survey")
    dialog.draft.choose_network("st-gcn")
    for key, value in (
        ("training.stage.joints.epochs", 2),
        ("training.batch_size", 4),
        ("preprocessing.skeleton.frames", 8),
        ("preprocessing.skeleton.bodies", 1),
    ):
        dialog.draft.set(key, value)
    dialog.check_button.click()
    until(lambda: dialog.check.grid.samples, 90, "the samples")
    until(lambda: dialog.check.curve.steps, 90, "the curve")
    assert dialog.check.grid.samples[0].inputs["skeleton"].shape[1:] == (8, 20, 1)
    dialog.show_form()
    dialog.start_button.click()
    record = session.jobs.records[-1]
    until(lambda: record.over, 200, "the training")
    assert record.state == "done", record.error
    evaluation.show_run(Path(record.result["run"]))
    with qtbot.waitSignal(session.clip_shown, timeout=10_000):
        evaluation.matrix.select(0, int(evaluation.found.matrices[FUSED][0].argmax()))
        QTest.keyClick(evaluation.matrix, Qt.Key.Key_Return)
    assert session.transport.playing
