"""A judged set: people with real names, places and employers, each with a job, and queries of which it is known whom they mean.

Rows come from shared/corpus/people/uk-500.csv; jobs, and what else they are called, from the table below. A query is made from a row
or a job by a rule, so that who is meant follows from the rule and not from anybody's search:

    name        the name as it stands                    typo      the name with one letter wrong
    e-mail      the address                              place     a job and a county
    job         the job as it stands                     job-typo  the job with one letter wrong
    synonym     the job in other words                   foreign   the job in another language
"""

import csv
import random

# The job as rows have it, other words for it, and what others call it.
JOBS = (
    ("Accountant", ("bookkeeper", "keeps the financial records"), ("comptable", "Buchhalter")),
    ("Software Engineer", ("programmer", "writes computer programs"), ("développeur", "Softwareentwickler")),
    ("Physician", ("medical doctor", "treats ill people"), ("médecin", "Arzt")),
    ("Attorney", ("lawyer", "represents clients in court"), ("avocat", "Rechtsanwalt")),
    ("Teacher", ("schoolmaster", "gives lessons to pupils"), ("enseignant", "Lehrer")),
    ("Nurse", ("hospital caregiver", "looks after patients"), ("infirmière", "Krankenschwester")),
    ("Chef", ("cook", "prepares meals in a restaurant"), ("cuisinier", "Koch")),
    ("Electrician", ("repairs wiring", "installs power cables"), ("électricien", "Elektriker")),
    ("Carpenter", ("woodworker", "builds things of wood"), ("menuisier", "Tischler")),
    ("Librarian", ("lends books", "looks after a collection of books"), ("bibliothécaire", "Bibliothekar")),
    ("Journalist", ("news reporter", "writes for a newspaper"), ("rédacteur de presse", "Reporter der Zeitung")),
    ("Pharmacist", ("druggist", "sells medicine"), ("pharmacien", "Apotheker")),
    ("Architect", ("designs buildings", "draws plans for houses"), ("architecte", "Architekt")),
    ("Plumber", ("fixes water pipes", "repairs leaking taps"), ("plombier", "Klempner")),
    ("Dentist", ("tooth doctor", "takes care of teeth"), ("dentiste", "Zahnarzt")),
    ("Veterinarian", ("animal doctor", "treats sick pets"), ("vétérinaire", "Tierarzt")),
    ("Photographer", ("takes pictures", "works with a camera"), ("photographe", "Fotograf")),
    ("Police Officer", ("constable", "enforces the law"), ("policier", "Polizist")),
    ("Firefighter", ("fireman", "puts out fires"), ("pompier", "Feuerwehrmann")),
    ("Hairdresser", ("cuts hair", "barber"), ("coiffeur", "Friseur")),
    ("Gardener", ("landscaper", "takes care of plants"), ("jardinier", "Gärtner")),
    ("Pilot", ("flies aeroplanes", "aviator"), ("pilote de ligne", "Flugzeugführer")),
    ("Translator", ("interpreter of languages", "turns texts into another language"), ("traducteur", "Übersetzer")),
    ("Cashier", ("takes payments at a till", "checkout clerk"), ("caissier", "Kassierer")),
    ("Truck Driver", ("lorry driver", "drives heavy goods vehicles"), ("chauffeur routier", "Lastwagenfahrer")),
)
FIELDS = ("name", "email", "department", "company", "city", "county")


def people(path, seed=1):
    """The rows, each a dictionary."""
    chance = random.Random(seed)
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        source = list(csv.DictReader(file))
    return [{"name": f"{row['first_name']} {row['last_name']}", "email": row["email"],
             "department": chance.choice(JOBS)[0], "company": row["company_name"], "city": row["city"],
             "county": row["county"]} for row in source]


def with_slip(text, chance):
    """One letter of the longest word changed, doubled, left out or exchanged with the next."""
    words = text.split()
    longest = max(range(len(words)), key=lambda i: len(words[i]))
    word = words[longest]
    at = chance.randrange(1, len(word) - 1)
    words[longest] = chance.choice((
        word[:at] + chance.choice("aeiourstln") + word[at + 1:], word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1:], word[:at] + word[at + 1] + word[at] + word[at + 2:]))
    return " ".join(words)


def queries(rows, seed=2):
    """[(kind, text, {indexes of the rows that are meant})]"""
    chance = random.Random(seed)
    having = lambda **wanted: {i for i, row in enumerate(rows) if all(row[k] == v for k, v in wanted.items())}
    found = []
    for row in chance.sample(rows, 60):
        found.append(("name", row["name"], having(name=row["name"])))
        found.append(("e-mail", row["email"], having(email=row["email"])))
    for row in chance.sample([row for row in rows if max(map(len, row["name"].split())) >= 5], 60):
        found.append(("typo", with_slip(row["name"], chance), having(name=row["name"])))
    for row in chance.sample(rows, 60):
        found.append(("place", f"{row['department']} in {row['county']}",
                      having(department=row["department"], county=row["county"])))
    for job, synonyms, foreign in JOBS:
        meant = having(department=job)
        found.append(("job", job, meant))
        found.append(("job-typo", with_slip(job, chance), meant))
        found += [("synonym", text, meant) for text in synonyms]
        found += [("foreign", text, meant) for text in foreign]
    return [query for query in found if query[2]]
