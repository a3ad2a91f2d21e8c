"""The rows whose vectors are searched and the questions put to them: made from a seed, the same every time."""

import random

FIRST = """Aaron Ada Ahmed Aisha Alejandro Alice Amara Amélie Ana Anders Andrea Anil Anna Antonio Arjun Astrid Beatriz Benedikt Bjørn Bruno
Camille Carlos Carmen Catherine Chidi Chloé Claire Clara Daniel Daniela David Deepa Dimitri Dorota Eduardo Elena Elif Emily Emma Eric Erik Esther
Fatima Felix Fernando Fiona Francesca Franz Gabriel Giulia Grace Greta Hannah Haruki Hassan Helena Hiroshi Hugo Ibrahim Igor Ines Ingrid Isabel Ivan
Jack Jakub Jana Javier Jean Jennifer Jin João Johan John Jonas Joseph Juan Julia Kaito Karin Katarzyna Kenji Kofi Krzysztof Lars Laura Leila Lena Leo
Liam Lina Linda Luca Lucía Lukas Magdalena Marco Margaret Maria Marie Marta Martin Mateo Matteo Mei Michael Mihai Mohammed Monika Nadia Natalia Ngozi
Nicolas Nikhil Nina Noah Olga Oliver Omar Oscar Patricia Paul Pedro Petra Philip Pierre Priya Rachel Rafael Ravi Rebecca Richard Robert Rosa Ruth Samir
Samuel Sandra Sara Sebastian Shira Simon Sofia Stefan Susan Sven Takashi Tereza Thomas Tiago Valentina Victor Wei William Yasmin Yuki Yusuf Zanele Zofia"""

LAST = """Adeyemi Ahmed Almeida Andersson Arslan Bailey Baker Barbieri Bauer Becker Bell Bennett Berg Bianchi Blanc Bondarenko Borges Brown Bruno
Campbell Carter Castro Chang Chen Clark Cohen Colombo Conti Costa Cruz Dahl Das Davies Demir Desai Diaz Dlamini Dubois Eriksen Evans Fernández Ferrari
Fischer Fontaine Fraser Garcia Gill Gomes González Gray Gruber Gupta Haddad Hall Hansen Harris Hoffmann Holm Horváth Huang Hughes Ito Ivanov Jackson
Jansen Johansson Jones Kaplan Kaya Keller Khan Kim King Klein Kovač Kowalski Kumar Lambert Larsen Laurent Lee Lehmann Levy Lewis Li Lindberg Lopez
Marino Martin Mbeki Mehta Meyer Mitchell Molina Moreau Morgan Moretti Müller Murphy Nagy Nakamura Navarro Ndiaye Nguyen Nielsen Novák Nowak O'Brien
Okafor Olsen Ortega Owens Park Patel Pereira Petrov Popescu Quinn Ramos Rao Reid Ricci Rivera Roberts Rodrigues Romano Rossi Russo Santos Sato Schmidt
Schneider Scott Sharma Silva Singh Smith Sokolov Suzuki Svensson Tanaka Taylor Thompson Torres Turner Usman Van-Dijk Varga Virtanen Wagner Walker Wang
Weber White Wilson Wójcik Wong Wright Yamamoto Yilmaz Young Zhang Zimmermann"""

CITIES = """Amsterdam Ankara Antwerp Athens Auckland Bangalore Barcelona Basel Beijing Belgrade Berlin Bilbao Bogotá Bologna Boston Bratislava Brisbane
Brno Brussels Bucharest Budapest Cairo Cardiff Chennai Chicago Cologne Copenhagen Cork Dakar Dallas Delhi Denver Dresden Dublin Edinburgh Florence
Frankfurt Gdańsk Geneva Genoa Ghent Glasgow Gothenburg Graz Hamburg Hanoi Helsinki Istanbul Jakarta Kraków Kyoto Lagos Leeds Leipzig Lille Lima Lisbon
Ljubljana London Lyon Madrid Malmö Manchester Marseille Melbourne Milan Montreal Mumbai Munich Nairobi Nantes Naples Osaka Oslo Paris Porto Prague
Riga Rome Rotterdam Santiago Seattle Seoul Seville Singapore Sofia Stockholm Stuttgart Sydney Tallinn Tokyo Toronto Toulouse Turin Utrecht Valencia
Vancouver Vienna Vilnius Warsaw Zagreb Zurich"""

TITLES = ("Accountant", "Architect", "Archivist", "Auditor", "Baker", "Bookkeeper", "Bus Driver", "Business Analyst", "Buyer", "Carpenter", "Chef",
          "Chemist", "Civil Engineer", "Community Manager", "Compliance Officer", "Controller", "Copywriter", "Customer Support Agent", "Data Analyst",
          "Data Engineer", "Database Administrator", "Dentist", "Electrician", "Event Planner", "Executive Assistant", "Financial Analyst",
          "Front-end Developer", "Graphic Designer", "Help Desk Technician", "HR Business Partner", "Interpreter", "Journalist", "Laboratory Technician",
          "Lawyer", "Librarian", "Logistics Coordinator", "Machine Operator", "Marketing Manager", "Mechanical Engineer", "Network Engineer", "Nurse",
          "Occupational Therapist", "Office Manager", "Paralegal", "Payroll Specialist", "Pharmacist", "Photographer", "Physiotherapist", "Plumber",
          "Product Manager", "Project Manager", "Psychologist", "Quality Inspector", "Receptionist", "Recruiter", "Research Scientist",
          "Sales Representative", "Security Officer", "Social Worker", "Software Engineer", "Statistician", "Store Manager", "Surveyor", "Tax Adviser",
          "Teacher", "Test Engineer", "Translator", "Truck Driver", "UX Designer", "Veterinarian", "Warehouse Manager", "Web Developer", "Welder")

GRADES = ("", "", "", "Junior ", "Senior ", "Lead ", "Assistant ", "Chief ")
HOSTS = ("example.com", "example.org", "mail.example", "post.example", "northwind.example", "acme.example", "initech.example")
DEPARTMENTS = ("Engineering", "Sales", "Finance", "Marketing", "Human Resources", "Legal", "Support", "Research", "Operations", "Design")

FIRST, LAST, CITIES = FIRST.split(), LAST.split(), CITIES.split()


def row(chance):
    """One person as an import embeds one: name, address, age, department, title, place."""
    first, last = chance.choice(FIRST), chance.choice(LAST)
    mail = f"{first}.{last}{chance.choice(('', '', chance.randint(1, 99)))}@{chance.choice(HOSTS)}".lower()
    return (f"{first} {last} {mail} {chance.randint(18, 70)} {chance.choice(DEPARTMENTS)} "
            f"{chance.choice(GRADES)}{chance.choice(TITLES)} {chance.choice(CITIES)}")


def rows(count, seed):
    chance, seen = random.Random(seed), {}
    while len(seen) < count:
        seen[row(chance)] = None
    return list(seen)


QUESTIONS = ("{title} in {city}", "{department} people near {city}", "{first} {last}", "someone called {first}", "{title}s over {age}",
             "who works as a {title}?", "{last} {city}", "{first} the {title}", "experienced {title} who lives in {city}",
             "{department} colleagues in their {tens}s", "people from {city}", "{first}.{last}@example.com")


def questions(count, seed):
    """What people type into a search."""
    chance = random.Random(seed)
    return [chance.choice(QUESTIONS).format(title=chance.choice(TITLES).lower(), city=chance.choice(CITIES), department=chance.choice(DEPARTMENTS),
                                            first=chance.choice(FIRST), last=chance.choice(LAST), age=chance.randint(20, 60),
                                            tens=chance.choice((20, 30, 40, 50))) for _ in range(count)]
